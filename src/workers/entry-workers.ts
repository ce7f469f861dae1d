/**
 * Where submissions are read: kinds with formats of our own in line, all that reads archives, OpenPGP or CMS in a
 * thread that is killed when it takes too long or too much.
 *
 * Spec: ARCHITECTURE.md, "Rooms". In scope: the choice between the two. Out of scope: how an entry is read
 * (entries/), how threads are kept (thread-pool.ts). No state but the pool.
 */

import { acceptEntry, identifyEntry } from '../entries/accept.js';
import type {
  AcceptedEntry,
  EntryPolicy,
  IdentifiedEntry,
  ProposedEntry,
} from '../entries/entry-kind.js';
import { ENTRY_KINDS } from '../entries/registry.js';
import { canonicalPublicKeyHash } from '../pki/canonical-key.js';
import { ENTRY_THREAD, type EntryTask, type EntryTaskResult, sent } from './entry-task.js';
import { SignatureChecks, type SignatureChecksOptions } from './signature-checks.js';
import { type ThreadLimits, ThreadPool } from './thread-pool.js';

/** What entries are read with. */
export interface EntryWorkersOptions {
  readonly policy: EntryPolicy;
  readonly limits: ThreadLimits;
  /** How the signatures of submissions that are read in line are checked. */
  readonly signatures: SignatureChecksOptions;
  /** Returns the time, in milliseconds since 1970. */
  nowMs(): number;
}

/** Reads submissions, and keys to search for. */
export class EntryWorkers {
  readonly #options: EntryWorkersOptions;
  readonly #pool: ThreadPool<EntryTask, EntryTaskResult[EntryTask['task']]>;
  readonly #signatures: SignatureChecks;

  constructor(options: EntryWorkersOptions) {
    this.#options = options;
    this.#pool = new ThreadPool(ENTRY_THREAD, options.limits);
    this.#signatures = new SignatureChecks(options.signatures);
  }

  /** Returns what is stored of `proposed`. Throws as acceptEntry does, ENTRY_TOO_COSTLY, OVERLOADED, SHUTTING_DOWN. */
  async accept(proposed: ProposedEntry): Promise<AcceptedEntry> {
    const { policy } = this.#options;
    const nowMs = this.#options.nowMs();
    if (!isIsolated(proposed)) {
      return acceptEntry(proposed, policy, { verifySignatures: this.#signatures.verify, nowMs });
    }
    return (await this.#pool.run({
      task: 'accept',
      proposed: sent(proposed),
      policy,
      nowMs,
    })) as AcceptedEntry;
  }

  /** Returns the leaf of `proposed`. Throws as identifyEntry does, ENTRY_TOO_COSTLY, OVERLOADED, SHUTTING_DOWN. */
  async identify(proposed: ProposedEntry): Promise<IdentifiedEntry> {
    const { limits } = this.#options.policy;
    const nowMs = this.#options.nowMs();
    if (!isIsolated(proposed)) {
      return identifyEntry(proposed, {
        verifySignatures: this.#signatures.verify,
        limits,
        nowMs,
      });
    }
    return (await this.#pool.run({
      task: 'identify',
      proposed: sent(proposed),
      limits,
      nowMs,
    })) as IdentifiedEntry;
  }

  /** Returns the search key of a public key. Throws KEY_MALFORMED, and what a thread throws. */
  async keyHash(format: string, content: Uint8Array): Promise<string> {
    if (format === 'x509') return canonicalPublicKeyHash(format, content);
    return (await this.#pool.run({ task: 'key-hash', format, content })) as string;
  }

  /** Refuses those who wait for a thread, and whoever comes later: a stop does not wait for their turns. */
  stop(): void {
    this.#pool.stop();
  }

  /** Ends the threads. */
  async close(): Promise<void> {
    await Promise.all([this.#pool.close(), this.#signatures.close()]);
  }
}

/** What goes to a thread goes as JSON; the v2 API's messages do not, and no kind of theirs needs to. */
function isIsolated({ kind, api }: ProposedEntry): boolean {
  return (
    api === undefined && Object.hasOwn(ENTRY_KINDS, kind) && ENTRY_KINDS[kind]?.isolated === true
  );
}
