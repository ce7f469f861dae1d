// Where the unmodified rekor-cli is that .ci/run builds.
import { toolPath } from './tools.mjs';

/** The path of the program. */
export const REKOR_CLI = toolPath('STELE_REKOR_CLI', 'rekor-cli-1.5.4', 'rekor-cli');
