/** `npm start`: the server as a process. All that it does is in serve.ts; the options are in options.ts. */

import { serve } from './serve.js';

// Nothing may keep a stopped server alive, hence exit and not exitCode.
process.exit(await serve(process.argv.slice(2), process));
