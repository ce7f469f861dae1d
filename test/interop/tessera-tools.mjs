// Where Tessera's unmodified tools are that .ci/run builds.
import { homedir } from 'node:os';
import { join } from 'node:path';

const VERSION = '1.0.4';
const cache = process.env.STELE_CI_CACHE ?? join(homedir(), '.cache', 'stele-ci');

/** The path of the checker of logs. */
export const FSCK = process.env.STELE_FSCK ?? join(cache, `tessera-fsck-${VERSION}`, 'fsck');

/** The path of the program that copies a log into a folder. */
export const MIRROR =
  process.env.STELE_TESSERA_MIRROR ?? join(cache, `tessera-mirror-${VERSION}`, 'posix');
