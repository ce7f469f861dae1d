/** Code of threads for tests, as a module each. */

/** Returns the module with this text. */
export function moduleOf(code: string): URL {
  return new URL(`data:text/javascript,${encodeURIComponent(code)}`);
}

/** Returns a module that answers each message with what `answer`, an expression over `message`, comes to. */
export function answeringWith(answer: string): URL {
  return moduleOf(
    'import { parentPort } from "node:worker_threads";' +
      `parentPort.on("message", (message) => parentPort.postMessage(${answer}));`,
  );
}

/** It answers nothing and does not end. */
export const SILENT = moduleOf('setInterval(() => 0, 1000)');

/** It ends at the first message. */
export const FAILING = answeringWith('(() => { throw new Error("a bug"); })()');
