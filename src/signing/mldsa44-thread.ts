/** The thread behind an ML-DSA-44 cosigner: messages in, their signatures out. */

import { parentPort, workerData } from 'node:worker_threads';
import { mldsa44 } from './mldsa44.js';

const { seed, isDeterministic } = workerData as { seed: Uint8Array; isDeterministic: boolean };
const algorithm = mldsa44();
const { secretKey } = algorithm.keygen(seed);
const options = isDeterministic ? { extraEntropy: false as const } : {};

parentPort?.on('message', (message: ArrayBuffer) => {
  const { buffer } = Uint8Array.from(algorithm.sign(new Uint8Array(message), secretKey, options));
  parentPort?.postMessage(buffer, [buffer]);
});
