/** The thread behind BlockSigner: packed messages in, their packed signatures out. */

import type { KeyObject } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { signerFromKey } from '../signing/signer.js';
import { packParts, unpackParts } from '../threads/packed-parts.js';

const signer = signerFromKey(workerData as KeyObject);

parentPort?.on('message', (packed: ArrayBuffer) => {
  const signatures = packParts(unpackParts(packed).map((message) => signer.sign(message)));
  parentPort?.postMessage(signatures, [signatures]);
});
