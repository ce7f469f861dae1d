// Where the Python with the unmodified sigstore-python is that .ci/run installs.
import { toolPath } from './tools.mjs';

/** The path of the interpreter. */
export const SIGSTORE_PYTHON = toolPath(
  'STELE_SIGSTORE_PYTHON',
  'sigstore-python-4.5.1',
  'bin/python',
);
