/**
 * The log's side of one witness: what it has cosigned last, one request at a time, and how long to leave it alone.
 *
 * Spec: https://c2sp.org/tlog-witness. In scope: the 409 that tells the witness's size, back-off, alarms. Out of scope: one
 * request (witness-request.ts), what an answer is worth (witness-answer.ts), what is published (publisher.ts). State: the
 * size that is remembered, what is to be cosigned next, how the last attempt went.
 */

import { pause } from '../timing/pause.js';
import type { Timing } from './timing.js';
import {
  type Cosignature,
  cosignaturesIn,
  uncountedReason,
  type WitnessKey,
} from './witness-answer.js';
import { askWitness, heldCheckpoint, type WitnessDoor } from './witness-request.js';

/** A checkpoint that wants cosignatures. */
export interface Candidate {
  readonly size: number;
  /** The text of the note. */
  readonly text: string;
  /** The note with the log's own signatures alone. */
  readonly ownNote: string;
}

/** Something that the operator should know about a witness. */
export interface WitnessEvent {
  readonly witness: string;
  /**
   * `failed`: it did not cosign and will be asked again; `alarm`: it refuses, or has seen what is not there; `back`: it
   * cosigns again.
   */
  readonly event: 'failed' | 'alarm' | 'back';
  readonly reason: string;
}

/** How a witness does. */
export interface WitnessState {
  /** Names in the policy of the keys behind its address. */
  readonly witness: string;
  /** Largest size that it has cosigned in this process; undefined: none. */
  readonly cosignedSize: number | undefined;
  readonly requests: number;
  readonly failures: number;
  /** What went wrong at the last attempt; undefined when nothing did. */
  readonly trouble: string | undefined;
  /** Whether that is more than an outage. */
  readonly isAlarm: boolean;
}

/** What a witness brings forward when it sees a fork, or claims to have cosigned a larger tree. */
export interface Contradiction {
  /** The note that it shows as cosigned last; undefined: it shows none. */
  readonly note: string | undefined;
  /** What it merely says. */
  readonly claim?: { readonly size: bigint; readonly reason: string };
}

/** What a witness is asked with. */
export interface WitnessClientOptions {
  readonly url: string;
  readonly keys: readonly WitnessKey[];
  readonly origin: string;
  /** What it is known to have cosigned; 0 where nothing is known: it will say. */
  readonly rememberedSize: number;
  readonly timeoutMs: number;
  readonly timing: Timing;
  /** Returns the consistency proof between two committed sizes. */
  proof(first: number, last: number): Promise<readonly Uint8Array[]>;
  /** Takes cosignatures; of older candidates too. Must not throw. */
  cosigned(candidate: Candidate, cosignatures: readonly Cosignature[]): void;
  /** Judges what a witness holds against this log. Must not throw. */
  contradicted(evidence: Contradiction): Promise<void>;
  told(event: WitnessEvent): void;
}

const MOST_TRIES = 3;
/** Status of a checkpoint that is not consistent with the one that was cosigned last. */
const SEES_A_FORK = 422;
const FIRST_REST_MS = 250;
const LONGEST_REST_MS = 30_000;

type Failure = { readonly reason: string; readonly isAlarm: boolean };
type Attempt = { readonly cosignatures: readonly Cosignature[] } | Failure;

/** The client of one witness, for one log. */
export class WitnessClient {
  readonly witness: string;
  readonly #options: WitnessClientOptions;
  readonly #closing = new AbortController();
  readonly #door: WitnessDoor;
  #known: number;
  #wanted: Candidate | undefined;
  /** What it was asked for in vain. */
  #failedWith: Candidate | undefined;
  #isResting = false;
  #working: Promise<void> | undefined;
  /** How long to rest before the next attempt; grows with each failure. */
  #restMs = 0;
  #nextRestMs = FIRST_REST_MS;
  #cosignedSize: number | undefined;
  #requests = 0;
  #failures = 0;
  #trouble: Failure | undefined;
  /** Resolves when it has answered once, failed once, or is closed. */
  readonly heard: Promise<void>;
  #endHearing: () => void = () => {};

  constructor(options: WitnessClientOptions) {
    const { url, timeoutMs, timing, rememberedSize, keys } = options;
    this.#options = options;
    this.#known = rememberedSize;
    this.#door = { url, timeoutMs, timing, signal: this.#closing.signal };
    this.witness = keys.map((key) => key.witness).join(', ');
    this.heard = new Promise((resolve) => {
      this.#endHearing = resolve;
    });
  }

  /** Asks for cosignatures of a checkpoint, after what is under way; one that was not asked for yet is forgotten. */
  ask(candidate: Candidate): void {
    if (this.#closing.signal.aborted) return;
    this.#wanted = candidate;
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
    });
  }

  /** Returns whether all its keys are among the witnesses of these cosignatures. */
  isAmong(cosignatures: readonly Cosignature[]): boolean {
    const names = new Set(cosignatures.map(({ witness }) => witness));
    return this.#options.keys.every(({ witness }) => names.has(witness));
  }

  /** Returns whether it is being asked for this and has not failed yet, or will be as soon as it has answered another. */
  mayStillCosign(candidate: Candidate): boolean {
    return this.#wanted === candidate && this.#failedWith !== candidate && !this.#isResting;
  }

  /** How it does, as of now. */
  state(): WitnessState {
    return {
      witness: this.witness,
      cosignedSize: this.#cosignedSize,
      requests: this.#requests,
      failures: this.#failures,
      trouble: this.#trouble?.reason,
      isAlarm: this.#trouble?.isAlarm ?? false,
    };
  }

  /** Asks nothing any more, and returns when nothing is under way. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#endHearing();
    await this.#working;
  }

  async #work(): Promise<void> {
    const { signal } = this.#closing;
    while (this.#wanted !== undefined) {
      if (this.#restMs > 0) await this.#rest();
      if (signal.aborted) return;
      const candidate = this.#wanted;
      const attempt = await this.#attempt(candidate);
      this.#endHearing();
      if (signal.aborted) return;
      // A witness that refuses is not asked for the same again; a later checkpoint is another matter.
      const isSettled = 'cosignatures' in attempt || attempt.isAlarm;
      if (isSettled && this.#wanted === candidate) this.#wanted = undefined;
      if ('cosignatures' in attempt) this.#succeeded(candidate, attempt.cosignatures);
      else this.#failed(candidate, attempt);
    }
  }

  async #rest(): Promise<void> {
    this.#isResting = true;
    await pause(this.#restMs, this.#options.timing, this.#closing.signal);
    this.#isResting = false;
    this.#restMs = 0;
  }

  async #attempt(candidate: Candidate): Promise<Attempt> {
    try {
      return await this.#negotiate(candidate);
    } catch (error) {
      // A proof that cannot be made: the store has a trouble of its own, which is told elsewhere.
      return { reason: `no proof for it: ${(error as Error).message}`, isAlarm: false };
    }
  }

  async #negotiate(candidate: Candidate): Promise<Attempt> {
    const { keys, timing, proof, contradicted, origin } = this.#options;
    const { size, text, ownNote } = candidate;
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      // A larger size is that of a tree which this one has replaced: the witness is to say so itself.
      const oldSize = this.#known > size ? 0 : this.#known;
      const isFresh = oldSize === 0 || oldSize === size;
      this.#requests += 1;
      const reply = await askWitness(this.#door, {
        oldSize,
        proof: isFresh ? [] : await proof(oldSize, size),
        note: ownNote,
      });
      if (reply.outcome === 'answered') {
        const answer = [reply.lines, text, keys, timing.wallMs()] as const;
        const cosignatures = cosignaturesIn(...answer);
        if (cosignatures.length === 0) {
          return { reason: uncountedReason(...answer), isAlarm: false };
        }
        this.#known = size;
        return { cosignatures };
      }
      if (reply.outcome === 'failed') return { reason: reply.reason, isAlarm: false };
      if (reply.outcome === 'refused') {
        if (reply.status === SEES_A_FORK) {
          await contradicted({ note: await heldCheckpoint(this.#door, origin) });
        }
        return { reason: reply.reason, isAlarm: true };
      }
      if (reply.size > BigInt(size)) {
        const reason = `it says that it has cosigned ${reply.size} leaves of this log, which has ${size}`;
        const note = await heldCheckpoint(this.#door, origin);
        await contradicted({ note, claim: { size: reply.size, reason } });
        return { reason, isAlarm: true };
      }
      this.#known = Number(reply.size);
    }
    return { reason: `it named another size ${MOST_TRIES} times`, isAlarm: false };
  }

  #succeeded(candidate: Candidate, cosignatures: readonly Cosignature[]): void {
    const { told, cosigned } = this.#options;
    if (this.#trouble !== undefined) {
      told({ witness: this.witness, event: 'back', reason: 'the witness cosigns again' });
    }
    this.#trouble = undefined;
    this.#nextRestMs = FIRST_REST_MS;
    this.#cosignedSize = candidate.size;
    cosigned(candidate, cosignatures);
  }

  #failed(candidate: Candidate, { reason, isAlarm }: Failure): void {
    const isNews = this.#trouble?.reason !== reason;
    this.#failedWith = candidate;
    this.#failures += 1;
    this.#trouble = { reason, isAlarm };
    this.#restMs = this.#nextRestMs;
    this.#nextRestMs = Math.min(this.#nextRestMs * 2, LONGEST_REST_MS);
    if (!isNews) return;
    this.#options.told({ witness: this.witness, event: isAlarm ? 'alarm' : 'failed', reason });
  }
}
