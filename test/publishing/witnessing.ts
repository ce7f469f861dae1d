/** Policies over fake witnesses, and what tests ask of a note. */

import { parsePolicy } from '../../src/note/policy.js';
import { openSignedNote, parseSignedNote } from '../../src/note/signed-note.js';
import { printVerifierKey, SIGNATURE_TYPE } from '../../src/note/verifier-key.js';
import type { Timing } from '../../src/publishing/timing.js';
import type { Witnessing } from '../../src/publishing/witnessing.js';
import type { FakeWitness } from './fake-witness.js';

/** The clock and timers of this process. */
export const REAL_TIMING: Timing = {
  wallMs: () => Date.now(),
  after(delayMs, action) {
    const timer = setTimeout(action, delayMs);
    return () => clearTimeout(timer);
  },
};

/** How long a log hears witnesses before its first submission. */
export const HEARING_MS = 1_000;

/** As REAL_TIMING, but a witness that says nothing holds up no first submission. */
export const QUICK_HEARING: Timing = {
  ...REAL_TIMING,
  after: (delayMs, action) => REAL_TIMING.after(delayMs === HEARING_MS ? 0 : delayMs, action),
};

/** Longer than any test waits. */
export const LONG_MS = 60_000;

/** The text of a policy that asks for `quorum` of these witnesses. */
export function policyText(witnesses: readonly FakeWitness[], quorum: number | 'none'): string {
  const lines = witnesses.map(({ publicKey, url, name }, i) => {
    const vkey = printVerifierKey({
      name,
      type: SIGNATURE_TYPE.ed25519Cosignature,
      publicKey,
    });
    return `witness w${i} ${vkey} ${url}\n`;
  });
  if (quorum === 'none') return `${lines.join('')}quorum none\n`;
  const members = witnesses.map((_, i) => `w${i}`).join(' ');
  return `${lines.join('')}group all-of-them ${quorum} ${members}\nquorum all-of-them\n`;
}

/** Returns how a log is witnessed by these; closed, patient, and with a quorum of one unless it is told otherwise. */
export function witnessedBy(
  witnesses: readonly FakeWitness[],
  options: Partial<Witnessing> & { readonly quorum?: number | 'none' } = {},
): Witnessing {
  const { quorum = 1, ...rest } = options;
  return {
    policy: parsePolicy(policyText(witnesses, quorum)),
    witnesses: witnesses.map(({ url, verifier }, i) => ({
      url,
      keys: [{ witness: `w${i}`, verifier }],
    })),
    mode: 'closed',
    waitMs: LONG_MS,
    requestTimeoutMs: LONG_MS,
    believesClaims: false,
    timing: REAL_TIMING,
    ...rest,
  };
}

/** The names on the signature lines of a note, in order. */
export function namesOn(note: string): readonly string[] {
  return parseSignedNote(note).signatures.map(({ name }) => name);
}

/** How many lines of a note are verified cosignatures of a witness. */
export function linesOf({ verifier }: FakeWitness, note: string): number {
  try {
    return openSignedNote(parseSignedNote(note), [verifier]).length;
  } catch {
    return 0;
  }
}
