/** Damaged submissions sent to a server: another one to compare with, or one that must not break. */

import { setTimeout as delay } from 'node:timers/promises';
import { type Judged, judge, type Outcome } from './judge.js';

/** What a server answered; a status of 0 is no answer. */
export interface Answer {
  readonly status: number;
  readonly message: string;
  readonly leaf?: string;
  readonly ms: number;
}

const TIMEOUT_MS = 20_000;

/** Sends a submission to the server at `url`. Never throws. */
export async function submit(url: string, body: string): Promise<Answer> {
  const start = performance.now();
  try {
    const response = await fetch(new URL('/api/v1/log/entries', url), {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const text = await response.text();
    const ms = performance.now() - start;
    return { status: response.status, ms, ...contentOf(response.status, text) };
  } catch (error) {
    // Time for a server that has ended to be started again by whoever watches it.
    await delay(200);
    return { status: 0, message: String(error), ms: performance.now() - start };
  }
}

/** Returns how the answer of another server differs from ours; undefined when both decide alike. */
export async function differenceWith(url: string, body: string): Promise<string | undefined> {
  const [theirs, ours] = [await submit(url, body), await judge(body, Date.now())];
  return difference(theirs, ours);
}

function difference(theirs: Answer, { outcome }: Judged): string | undefined {
  const stored = theirs.status === 201 || theirs.status === 409;
  if (stored !== (outcome.verdict === 'accepted')) {
    return `they ${theirs.status} ${shorten(theirs.message)} | we ${describe(outcome)}`;
  }
  if (outcome.verdict !== 'accepted') return undefined;
  if (theirs.leaf !== undefined && theirs.leaf !== outcome.leaf) return 'another leaf';
  const isOther = theirs.status === 409 && !theirs.message.includes(outcome.leafHash);
  return isOther ? 'another leaf hash' : undefined;
}

function describe(outcome: Outcome): string {
  if (outcome.verdict === 'accepted') return 'accept';
  return `${outcome.verdict} ${outcome.code} ${shorten(outcome.message)}`;
}

const SHOWN = 110;

/** Without what differs from one input to the next: numbers, hashes, names. */
function shorten(message: string): string {
  return message
    .replace('error processing entry: ', '')
    .replace(/[0-9a-fA-F]{8,}|\d+/g, 'N')
    .slice(0, SHOWN)
    .replaceAll('\n', ' ');
}

function contentOf(status: number, text: string): { message: string; leaf?: string } {
  try {
    const parsed = JSON.parse(text) as Record<string, unknown>;
    if (status !== 201) return { message: String(parsed['message'] ?? parsed['detail'] ?? '') };
    const { body } = Object.values(parsed)[0] as { body: string };
    return { message: '', leaf: Buffer.from(body, 'base64').toString() };
  } catch {
    return { message: text.slice(0, SHOWN) };
  }
}
