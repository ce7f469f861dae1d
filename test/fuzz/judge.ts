/** What must become of a damaged submission: acceptance, or a refusal that tells the client of a mistake of its own. */

import { fromUtf8 } from '../../src/encoding/bytes.js';
import { decodeFirstGoJson, isJsonObject } from '../../src/encoding/go-json.js';
import { toHex } from '../../src/encoding/hex.js';
import { acceptEntry, identifyEntry } from '../../src/entries/accept.js';
import type { EntryPolicy, ProposedEntry } from '../../src/entries/entry-kind.js';
import { KNOWN_KINDS } from '../../src/entries/registry.js';
import { type ErrorCode, isLogError } from '../../src/errors.js';
import { openPolicy, testContext } from '../entries/policy.js';
import { submittedEntry } from '../entries/recorded.js';
import { v2Message } from './v2-message.js';

/** What became of a submission. */
export type Outcome =
  | { readonly verdict: 'accepted'; readonly leaf: string; readonly leafHash: string }
  | { readonly verdict: 'refused'; readonly code: string; readonly message: string }
  /** Neither: something that nothing a client sends may cause. */
  | { readonly verdict: 'failed'; readonly code: string; readonly message: string };

/** An outcome with what it cost. */
export interface Judged {
  readonly outcome: Outcome;
  readonly ms: number;
  readonly rssGrowth: number;
}

/** Codes that name a client's mistake. */
const CLIENT_CODES: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'ENTRY_MALFORMED',
  'ENTRY_KIND_UNKNOWN',
  'ENTRY_KIND_DISABLED',
  'ENTRY_VERSION_UNKNOWN',
  'ENTRY_NOT_INSERTABLE',
  'ENTRY_TOO_LARGE',
  'ALGORITHM_NOT_ALLOWED',
  'SIGNATURE_INVALID',
  'KEY_MALFORMED',
]);

const ANY_LENGTH = 2 ** 30;

/** Everything allowed, and the length of every proposal counted. */
const POLICY: EntryPolicy = {
  ...openPolicy,
  limits: {
    ...openPolicy.limits,
    proposalLength: Object.fromEntries(KNOWN_KINDS.map((kind) => [kind, ANY_LENGTH])),
  },
};

/** Submits a request body in this process, at the time `nowMs`. Never throws. */
export async function judge(body: string, nowMs = testContext.nowMs): Promise<Judged> {
  const proposed = proposalIn(body);
  const rss = process.memoryUsage.rss();
  const start = performance.now();
  const outcome = await outcomeOf(proposed, nowMs);
  return { outcome, ms: performance.now() - start, rssGrowth: process.memoryUsage.rss() - rss };
}

/** Looks a submission up as a client may, which takes another way through the kinds. */
export async function judgeLookup(body: string): Promise<Outcome> {
  try {
    const { leaf, leafHash } = await identifyEntry(proposalIn(body), testContext);
    return { verdict: 'accepted', leaf: fromUtf8(leaf), leafHash: toHex(leafHash) };
  } catch (error) {
    return refusalOf(error);
  }
}

async function outcomeOf(proposed: ProposedEntry, nowMs: number): Promise<Outcome> {
  try {
    const { verifySignatures } = testContext;
    const { leaf, leafHash, indexKeys, searchTerms } = await acceptEntry(proposed, POLICY, {
      verifySignatures,
      nowMs,
    });
    const isText = [...indexKeys, ...searchTerms.map(({ value }) => value)].every(
      (value) => typeof value === 'string' && value !== '',
    );
    if (!isText) return { verdict: 'failed', code: 'SEARCH', message: 'an empty search key' };
    return { verdict: 'accepted', leaf: fromUtf8(leaf), leafHash: toHex(leafHash) };
  } catch (error) {
    return refusalOf(error);
  }
}

function refusalOf(error: unknown): Outcome {
  if (isLogError(error)) {
    const verdict = CLIENT_CODES.has(error.code) ? 'refused' : 'failed';
    return { verdict, code: error.code, message: error.message };
  }
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  return { verdict: 'failed', code: name, message: `${message}\n${stack}` };
}

/** The reader of requests refuses an envelope of other types before a kind sees it. */
function proposalIn(body: string): ProposedEntry {
  const { value } = decodeFirstGoJson(Buffer.from(body));
  if (!isJsonObject(value)) return { kind: '', apiVersion: '', spec: undefined };
  const { kind: sentKind, apiVersion: sentVersion, api, spec } = value;
  const kind = typeof sentKind === 'string' ? sentKind : '';
  const apiVersion = typeof sentVersion === 'string' ? sentVersion : '';
  if (api === 'v2') return { kind, apiVersion, api, spec: v2Message(kind, spec) };
  return { ...submittedEntry(body), kind, apiVersion };
}
