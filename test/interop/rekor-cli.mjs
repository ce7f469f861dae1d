// Where the unmodified rekor-cli is that .ci/run builds.
import { homedir } from 'node:os';
import { join } from 'node:path';

const VERSION = '1.5.4';
const cache = process.env.STELE_CI_CACHE ?? join(homedir(), '.cache', 'stele-ci');

/** The path of the program. */
export const REKOR_CLI =
  process.env.STELE_REKOR_CLI ?? join(cache, `rekor-cli-${VERSION}`, 'rekor-cli');
