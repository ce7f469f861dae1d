/**
 * The second guard of a log: what its witnesses know of it and its store does not, as after an old backup was restored.
 *
 * Spec: docs/operating.md, "Witnesses". In scope: what is believed, how long a start waits for it. Out of scope: how
 * witnesses are asked (witness-client.ts), what a contradiction stops (log/). State: the hearing, and what was found.
 */

import { isQuorumMet, type Policy } from '../note/policy.js';
import type { NoteSigner } from './notes.js';
import { contradictionOf } from './published-note.js';
import type { Timing } from './timing.js';
import type { Cosignature } from './witness-answer.js';
import type { Contradiction, WitnessEvent } from './witness-client.js';

/** What was found out about a store: one object for all its logs, which were lost together if one was. */
export interface StoreVerdict {
  /** Why nothing may be added to them any more; undefined: nothing is known against it. */
  contradiction: string | undefined;
}

/** What it works with. */
export interface SecondGuardOptions {
  readonly verdict: StoreVerdict;
  readonly origin: string;
  readonly signers: readonly NoteSigner[];
  readonly policy: Policy;
  /** Whether a witness that shows no note of ours is believed: each could stop the log with a word. */
  readonly believesClaims: boolean;
  readonly timing: Timing;
  /** Returns the size of the committed tree. */
  treeSize(): number;
  rootAtSize(size: number): Promise<Uint8Array>;
  told(event: WitnessEvent): void;
}

/** Witnesses that are away hold up the first submissions after a start for no longer. */
const LONGEST_HEARING_MS = 1_000;
/** Once the quorum has cosigned the head, the others are waited for no longer than that. */
const LAST_WORDS_MS = 100;

/** The second guard of one log. */
export class SecondGuard {
  readonly #options: SecondGuardOptions;
  readonly #cosigners = new Set<string>();
  #hearing: Promise<void> | undefined;
  #endHearing: () => void = () => {};
  #cancelTimer: () => void = () => {};

  constructor(options: SecondGuardOptions) {
    this.#options = options;
  }

  /** While witnesses are asked for the first time; undefined before and afterwards. */
  get hearing(): Promise<void> | undefined {
    return this.#hearing;
  }

  /** Begins the hearing, which ends when all these promises have resolved; they do when a witness was heard. */
  hear(witnesses: readonly Promise<void>[]): void {
    this.#hearing = new Promise((resolve) => {
      this.#endHearing = () => {
        this.#cancelTimer();
        this.#hearing = undefined;
        resolve();
      };
      this.#endAfter(LONGEST_HEARING_MS);
      void Promise.all(witnesses).then(this.#endHearing);
    });
  }

  /** Takes notice of witnesses that have cosigned the tree just now: they know no other. */
  cosigned(cosignatures: readonly Cosignature[]): void {
    const { policy } = this.#options;
    const isMet = (): boolean => isQuorumMet(policy, (name) => this.#cosigners.has(name));
    if (this.#hearing === undefined || (this.#cosigners.size > 0 && isMet())) return;
    for (const { witness } of cosignatures) this.#cosigners.add(witness);
    if (isMet()) this.#endAfter(LAST_WORDS_MS);
  }

  /** Ends the hearing. */
  close(): void {
    this.#endHearing();
  }

  /** Judges what a witness holds against this log, and keeps the verdict. Throws STORE_CORRUPT. */
  async contradicted({ note, claim }: Contradiction): Promise<void> {
    const { origin, believesClaims, told, verdict } = this.#options;
    const treeSize = this.#options.treeSize();
    const proven =
      note === undefined ? undefined : await contradictionOf(note, { ...this.#options, treeSize });
    const isBelieved = believesClaims && claim !== undefined && claim.size > BigInt(treeSize);
    const reason = proven ?? (isBelieved ? claim.reason : undefined);
    if (reason === undefined || verdict.contradiction !== undefined) return;
    verdict.contradiction = `a witness contradicts ${origin}, and no log of this store takes entries any more: ${reason}`;
    told({ witness: origin, event: 'alarm', reason: verdict.contradiction });
  }

  #endAfter(delayMs: number): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#options.timing.after(delayMs, this.#endHearing);
  }
}
