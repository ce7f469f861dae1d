// Where the Python with the unmodified sigstore-python is that .ci/run installs.
import { homedir } from 'node:os';
import { join } from 'node:path';

const VERSION = '4.5.1';
const cache = process.env.STELE_CI_CACHE ?? join(homedir(), '.cache', 'stele-ci');

/** The path of the interpreter. */
export const SIGSTORE_PYTHON =
  process.env.STELE_SIGSTORE_PYTHON ?? join(cache, `sigstore-python-${VERSION}`, 'bin', 'python');
