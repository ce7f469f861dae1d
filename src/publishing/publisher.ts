/**
 * The publisher of one log: which head its readers are shown, under which note, when witnesses are to cosign it.
 *
 * Spec: https://c2sp.org/tlog-witness; docs/operating.md, "Witnesses"; ARCHITECTURE.md, "One head per answer". The head
 * that is cosigned is fixed for a round, so that witnesses agree on one; the next round takes the newest.
 *
 * In scope: rounds, who waits for what, and how long. Out of scope: one witness (witness-client.ts), the log's own
 * signatures (notes.ts), what follows what on disk (published-head.ts), what witnesses hold against the log
 * (second-guard.ts). The `Publisher` owns the round.
 */

import { LogError } from '../errors.js';
import type { Head, LogStore } from '../storage/log-store.js';
import type { LateRowWriter } from './late-rows.js';
import type { NoteSigner, SignedHead } from './notes.js';
import { PublishedHead } from './published-head.js';
import {
  type PublishedNote,
  publishedNote,
  takenUp,
  unitedCosignatures,
} from './published-note.js';
import { SecondGuard, type StoreVerdict } from './second-guard.js';
import { Waiters } from './waiters.js';
import type { Cosignature } from './witness-answer.js';
import {
  type Candidate,
  WitnessClient,
  type WitnessEvent,
  type WitnessState,
} from './witness-client.js';
import type { AskedWitness, PublishingMode, Witnessing } from './witnessing.js';

/** What a publisher works with. */
export interface PublisherOptions extends Witnessing {
  readonly log: Pick<LogStore, 'newestNote'>;
  readonly late: LateRowWriter;
  /** Written when a witness shows that the log is not what it was. */
  readonly verdict: StoreVerdict;
  readonly origin: string;
  readonly signers: readonly NoteSigner[];
  /** The committed head at the start. */
  readonly head: Head;
  /** Returns a head with the note of the log's own signatures. Throws SIGNER_UNAVAILABLE. */
  ownNote(head: Head): SignedHead;
  rootAtSize(size: number): Promise<Uint8Array>;
  proof(first: number, last: number): Promise<readonly Uint8Array[]>;
  told(event: WitnessEvent): void;
  /** Called when a note is on disk and served from now on. Must not throw. */
  published(note: PublishedNote): void;
}

/** How publishing goes, as of now. */
export interface Publication {
  readonly mode: PublishingMode;
  /** Undefined: nothing was published yet. */
  readonly size: number | undefined;
  /** Whether what is published has the cosignatures that the policy asks for. */
  readonly isMet: boolean;
  /** Heads that were published without them in this process. */
  readonly uncosigned: number;
  /** What the operator should look at, a sentence; undefined: nothing. */
  readonly trouble: string | undefined;
  readonly witnesses: readonly WitnessState[];
}

/** What is wanted of a head that is not there yet is tried again after this time. */
const RETRY_MS = 1_000;
/** How often witnesses are asked again for a head that has not met its quorum. */
const ASK_AGAIN_MS = 30_000;

interface Round {
  readonly candidate: Candidate;
  readonly own: SignedHead;
  cosignatures: readonly Cosignature[];
  /** Its quorum is met, or its time is over: the next head begins another. */
  isOver: boolean;
}

/** Returns a publisher that has taken up the stored note; `start` begins its work. Throws STORE_CORRUPT. */
export async function openPublisher(options: PublisherOptions): Promise<Publisher> {
  const stored = await options.log.newestNote('published');
  const treeSize = options.head.size;
  const keys = options.witnesses.flatMap((witness) => witness.keys);
  return new Publisher(options, await takenUp(stored, { ...options, keys, treeSize }));
}

/** The publisher of one log; openPublisher makes it. */
export class Publisher {
  readonly #options: PublisherOptions;
  readonly #clients: readonly WitnessClient[];
  readonly #waiters: Waiters<SignedHead>;
  readonly #published: PublishedHead;
  readonly #guard: SecondGuard;
  /** The note that was stored, published or not: what the log has signed is not signed a second time. */
  readonly #stored: PublishedNote | undefined;
  #head: Head;
  #round: Round | undefined;
  #cancelTimer: () => void = () => {};
  #uncosigned = 0;
  /** The time of a round has passed, and none has met its quorum since. */
  #isMissed = false;
  #signingTrouble: string | undefined;
  #isClosing = false;

  /** Use openPublisher. */
  constructor(options: PublisherOptions, stored: PublishedNote | undefined) {
    const { mode, head, waitMs, timing, witnesses } = options;
    this.#options = options;
    this.#head = head;
    this.#stored = stored;
    this.#published = new PublishedHead({
      ...options,
      // A note without its quorum is of another mode or another policy.
      stored: mode === 'closed' && stored?.isMet === false ? undefined : stored,
      served: (note, before) => this.#served(note, before),
    });
    this.#guard = new SecondGuard({ ...options, treeSize: () => this.#head.size });
    this.#waiters = new Waiters({ timing, waitMs, overdue: () => this.#overdue() });
    this.#clients = witnesses.map((witness) => this.#clientOf(witness));
  }

  /** Begins to ask witnesses. In mode `async` it returns when there is something to serve. */
  async start(): Promise<void> {
    const needsOne = this.#options.mode === 'async' && this.#published.current === undefined;
    // The log is as good as closed when it cannot sign; it will say so to whoever asks.
    if (needsOne) await this.#publishUncosigned();
    this.#begin();
    this.#guard.hear(this.#clients.map((client) => client.heard));
  }

  /** While witnesses are asked for the first time: what they know may forbid to add to the log. Undefined afterwards. */
  get hearing(): Promise<void> | undefined {
    return this.#guard.hearing;
  }

  /** Takes a head that is committed and guarded. */
  grown(head: Head): void {
    this.#head = head;
    if (!this.#isClosing && this.#round?.isOver !== false) this.#begin();
  }

  /**
   * Returns the published head, of at least `size` leaves, which are committed; 0: whichever is published. In mode `async`
   * it is the newest with the log's own signatures where that is not published yet. Throws QUORUM_MISSING when it took too
   * long, SIGNER_UNAVAILABLE.
   */
  covering(size: number): SignedHead | Promise<SignedHead> {
    const published = this.#published.current;
    if (published !== undefined && published.size >= size) return published;
    const { mode } = this.#options;
    if (mode === 'async') return this.#own();
    if (mode === 'closed' && this.#isClosing) throw quorumMissing();
    // While witnesses are away, nobody waits for them again and again.
    if (mode === 'open' && (this.#isClosing || this.#isMissed)) void this.#publishUncosigned();
    return this.#waiters.add(size, quorumMissing);
  }

  /** Returns how it goes; costs nothing. */
  publication(): Publication {
    const { mode } = this.#options;
    const published = this.#published.current;
    const witnesses = this.#clients.map((client) => client.state());
    const isMet = published?.isMet ?? false;
    const size = published?.size;
    const uncosigned = this.#uncosigned;
    return { mode, size, isMet, uncosigned, trouble: this.#trouble(witnesses), witnesses };
  }

  /** Waits for witnesses no longer: whoever waits gets what there is. */
  hurry(): void {
    this.#isClosing = true;
    this.#cancelTimer();
    if (this.#options.mode === 'open' && this.#waiters.size > 0) {
      void this.#publishUncosigned().then(() => this.#waiters.refuseAll(quorumMissing));
    } else {
      this.#waiters.refuseAll(quorumMissing);
    }
  }

  /** Ends every request, and returns when nothing is under way. */
  async close(): Promise<void> {
    this.hurry();
    this.#guard.close();
    await Promise.all(this.#clients.map((client) => client.close()));
    await this.#published.idle();
  }

  #clientOf({ url, keys }: AskedWitness): WitnessClient {
    const { origin, requestTimeoutMs, timing, proof, told } = this.#options;
    const names = keys.map(({ witness }) => witness);
    const { size = 0, cosignatures = [] } = this.#stored ?? {};
    const hasCosigned = cosignatures.some(({ witness }) => names.includes(witness));
    return new WitnessClient({
      url,
      keys,
      origin,
      rememberedSize: hasCosigned ? size : 0,
      timeoutMs: requestTimeoutMs,
      timing,
      proof,
      told,
      cosigned: (candidate, cosignatures) => this.#cosigned(candidate, cosignatures),
      contradicted: (evidence) => this.#guard.contradicted(evidence),
    });
  }

  /** Begins a round with the newest head, or another with the same when its cosignatures are still missing. */
  #begin(): void {
    if (this.#isClosing) return;
    const own = this.#ownOrLater();
    if (own === undefined) return;
    const last = this.#round;
    const { size, note } = own;
    const of = (known: typeof last | PublishedNote): readonly Cosignature[] =>
      known?.own.size === size ? known.cosignatures : [];
    const cosignatures = unitedCosignatures(of(this.#published.current), of(last));
    const text = note.slice(0, note.lastIndexOf('\n\n') + 1);
    const round = { candidate: { size, text, ownNote: note }, own, cosignatures, isOver: false };
    this.#round = round;
    for (const client of this.#clients) {
      const hasAll = last !== undefined && client.isAmong(cosignatures);
      if (!hasAll) client.ask(round.candidate);
    }
    this.#later(this.#options.waitMs, () => this.#expired(round));
    this.#judge(round);
  }

  #cosigned({ size }: Candidate, cosignatures: readonly Cosignature[]): void {
    this.#guard.cosigned(cosignatures);
    const round = this.#round;
    const published = this.#published.current;
    if (round?.own.size === size) {
      round.cosignatures = unitedCosignatures(round.cosignatures, cosignatures);
      this.#judge(round);
    } else if (published?.size === size) {
      void this.#published.offer(this.#noteOf(published.own, cosignatures));
    }
  }

  /** Publishes what a round has gathered if that may be, and goes on with the next head. */
  #judge(round: Round): void {
    const note = this.#noteOf(round.own, round.cosignatures);
    // What is published already gets each further cosignature; so does what an open log publishes unmet.
    if (!note.isMet && this.#published.current?.size !== note.size) return;
    const isFirst = note.isMet && !round.isOver;
    if (isFirst) round.isOver = true;
    // Though an open log may have published a later head meanwhile: the witnesses are back.
    if (note.isMet) this.#isMissed = false;
    void this.#published.offer(note).then((isKept) => {
      if (!isFirst || this.#round !== round) return;
      if (!isKept) this.#later(RETRY_MS, () => this.#begin());
      else if (this.#head.size > round.own.size) this.#begin();
      else this.#cancelTimer();
    });
  }

  #expired(round: Round): void {
    const { mode } = this.#options;
    // Its quorum was met just now, and is being written.
    if (round.isOver) return;
    this.#isMissed = true;
    if (mode !== 'closed') {
      void this.#publishUncosigned();
    } else if (this.#clients.some((client) => client.mayStillCosign(round.candidate))) {
      // They are slow, and will have cosigned this head, not the next: each round would end before its quorum.
      this.#later(RETRY_MS, () => this.#expired(round));
      return;
    }
    round.isOver = true;
    if (this.#head.size > round.own.size) this.#begin();
    else this.#later(ASK_AGAIN_MS, () => this.#begin());
  }

  /** Somebody has waited long enough; returns when they have what there is. */
  async #overdue(): Promise<void> {
    if (this.#options.mode !== 'closed') await this.#publishUncosigned();
  }

  /** Publishes the newest head as it is; returns whether it is published. */
  async #publishUncosigned(): Promise<boolean> {
    const own = this.#ownOrLater();
    if (own === undefined) return false;
    const round = this.#round;
    const cosignatures = round?.own.size === own.size ? round.cosignatures : [];
    return this.#published.offer(this.#noteOf(own, cosignatures));
  }

  #served(note: PublishedNote, before: PublishedNote | undefined): void {
    if (!note.isMet && note.size !== before?.size) this.#uncosigned += 1;
    this.#waiters.serve(note);
    this.#options.published(note);
  }

  #noteOf(own: SignedHead, cosignatures: readonly Cosignature[]): PublishedNote {
    return publishedNote(own, cosignatures, this.#options.policy);
  }

  #own(): SignedHead {
    const { size } = this.#head;
    const signed = [this.#published.current, this.#stored].find((note) => note?.size === size);
    return signed?.own ?? this.#options.ownNote(this.#head);
  }

  /** Returns undefined when the log cannot sign; a round is begun later then. */
  #ownOrLater(): SignedHead | undefined {
    try {
      this.#signingTrouble = undefined;
      return this.#own();
    } catch (error) {
      this.#signingTrouble = (error as Error).message;
      this.#later(RETRY_MS, () => this.#begin());
      return undefined;
    }
  }

  /** There is one timer: that of the round, or of the next. */
  #later(delayMs: number, action: () => void): void {
    this.#cancelTimer();
    if (!this.#isClosing) this.#cancelTimer = this.#options.timing.after(delayMs, action);
  }

  #trouble(witnesses: readonly WitnessState[]): string | undefined {
    const { mode, verdict } = this.#options;
    if (verdict.contradiction !== undefined) return verdict.contradiction;
    const { size, isMet } = this.#published.current ?? {};
    if (!this.#isMissed && isMet !== false) return undefined;
    const reasons = witnesses.flatMap(({ witness, trouble }) =>
      trouble === undefined ? [] : [`${witness}: ${trouble}`],
    );
    const why = [this.#signingTrouble ?? [], ...reasons].flat().join('; ');
    const what =
      mode === 'closed'
        ? `no head after size ${size ?? 'none'} has its quorum`
        : `size ${size ?? 'none'} is published without its quorum`;
    return why === '' ? what : `${what} (${why})`;
  }
}

function quorumMissing(): LogError {
  return new LogError('QUORUM_MISSING', 'witnesses have not cosigned the tree yet');
}
