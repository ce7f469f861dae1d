/** The thread behind SignatureChecks: packed checks in, their verdicts out. */

import { parentPort } from 'node:worker_threads';
import { verifySignatures } from '../entries/verify-signatures.js';
import { unpackChecks } from './packed-checks.js';

parentPort?.on('message', async (packed: ArrayBuffer) => {
  parentPort?.postMessage(await verifySignatures(unpackChecks(packed)));
});
