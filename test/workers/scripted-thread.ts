/** A thread for tests: does what it is told, as far as a thread can. */

import { parentPort } from 'node:worker_threads';
import { LogError } from '../../src/errors.js';
import { failureOf } from '../../src/workers/failure.js';

export type Order =
  | { readonly say: string }
  | { readonly do: 'refuse' | 'fail' | 'spin' | 'hoard' | 'exit' | 'hang' };

parentPort?.on('message', (order: Order) => {
  if ('say' in order) {
    parentPort?.postMessage({ result: order.say });
    return;
  }
  switch (order.do) {
    case 'refuse':
      answerFailure(new LogError('ENTRY_MALFORMED', 'no entry'));
      return;
    case 'fail':
      answerFailure(new TypeError('a bug'));
      return;
    case 'exit':
      process.exit(0);
      return;
    case 'spin':
      while (performance.now() >= 0);
      return;
    case 'hoard': {
      const kept: string[][] = [];
      for (;;) kept.push(new Array<string>(100_000).fill('x'));
    }
    case 'hang':
      return;
  }
});

function answerFailure(error: Error): void {
  parentPort?.postMessage({ failure: failureOf(error) });
}
