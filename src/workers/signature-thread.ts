/** The thread behind SignatureChecks: packed checks in, their verdicts out. */

import { parentPort } from 'node:worker_threads';
import { verdictsOn } from '../entries/verify-signatures.js';
import { unpackChecks } from './packed-checks.js';

parentPort?.on('message', (packed: ArrayBuffer) => {
  parentPort?.postMessage(verdictsOn(unpackChecks(packed)));
});
