/** `npm start`: the server as a process. All that it does is in serve.ts; the options are in options.ts. */

import { availableParallelism } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { serve } from './serve.js';

// On two processors that are busy, a collection of new objects waits for helper threads that wait for a processor:
// pauses of 15 to 30 ms, where the event loop's thread alone needs a few.
if (availableParallelism() <= 2) setFlagsFromString('--no-parallel-scavenge');

// Nothing may keep a stopped server alive, hence exit and not exitCode.
process.exit(await serve(process.argv.slice(2), process));
