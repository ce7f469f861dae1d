/** A log that contradicted itself, with what proves it. */

import type { TamperingKind } from './monitor-event.js';

/** What proves it: the notes as they came. */
export interface Evidence {
  /** The checkpoint that was believed so far; undefined when there was none. */
  readonly before: string | undefined;
  /** The one that contradicts it; undefined when none came. */
  readonly after: string | undefined;
}

/** Thrown when a log is caught. */
export class TamperingError extends Error {
  override readonly name = 'TamperingError';
  readonly kind: TamperingKind;
  readonly origin: string;
  readonly evidence: Evidence;

  constructor(
    kind: TamperingKind,
    origin: string,
    reason: string,
    evidence: Evidence,
    options?: { cause?: unknown },
  ) {
    super(reason, options);
    this.kind = kind;
    this.origin = origin;
    this.evidence = evidence;
  }
}
