/** The thread behind EntryWorkers: a task in, an answer out, one at a time. */

import { parentPort } from 'node:worker_threads';
import { type EntryTask, runEntryTask } from './entry-task.js';
import { failureOf } from './failure.js';
import { withOwnBytes } from './own-bytes.js';

parentPort?.on('message', async (task: EntryTask) => {
  try {
    parentPort?.postMessage({ result: withOwnBytes(await runEntryTask(task)) });
  } catch (error) {
    parentPort?.postMessage({ failure: failureOf(error) });
  }
});
