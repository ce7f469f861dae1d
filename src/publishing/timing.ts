/** Time as an argument of what asks witnesses: tests pass a fast one. */

import type { Timers } from '../timing/pause.js';

/** The clock and the timers of publishing. */
export interface Timing extends Timers {
  /** Milliseconds since 1970: what cosignatures are dated by. */
  wallMs(): number;
}
