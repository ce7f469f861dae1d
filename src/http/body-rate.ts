/** How bodies are bounded while they come, and who gives up on them. No state but a watch's own. */

import type { Clock } from './clock.js';

/** How long, large and slow bodies may be. */
export interface BodyLimits {
  /** Longest body that is read, in bytes. */
  readonly maxBytes: number;
  /** Bytes that the bodies under way may hold together. */
  readonly maxHeldBytes: number;
  /** No body is judged slow before this. */
  readonly graceMs: number;
  /** Rate that a body must keep up after the grace. */
  readonly minBytesPerSecond: number;
  /** Longest time that a body may take. */
  readonly totalMs: number;
}

/** The client went away before its body was complete; there is nobody to answer. */
export class ClientGone extends Error {}

/** Returns what is thrown then. */
export function clientGone(): ClientGone {
  return new ClientGone('the client closed the connection within its request body');
}

const CHECK_INTERVAL_MS = 1_000;

/** Calls `giveUp` when a body is too slow or takes too long; returns what stops the watching. */
export function watchRate(
  limits: BodyLimits,
  clock: Clock,
  received: () => number,
  giveUp: () => void,
): () => void {
  const startedMs = clock.nowMs();
  let callOff = clock.after(limits.graceMs, check);
  function check(): void {
    const elapsedMs = clock.nowMs() - startedMs;
    const demanded = ((elapsedMs - limits.graceMs) / 1000) * limits.minBytesPerSecond;
    if (elapsedMs >= limits.totalMs || received() < demanded) {
      giveUp();
      return;
    }
    callOff = clock.after(CHECK_INTERVAL_MS, check);
  }
  return () => callOff();
}
