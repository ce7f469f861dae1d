/**
 * Entries whose artifact the log saw itself: files, packages, archives, provenance, metadata, messages, timestamps.
 *
 * The leaf of such an entry is a function of the artifact and of what the entry holds beside it. So the entry speaks
 * of an artifact exactly when the two together give the same leaf again, signatures verified on the way. Two kinds
 * name the digest of another file, which is compared instead when the artifact is that file. In scope: these
 * comparisons, a few lines a kind. Out of scope: whose key it is (check-signer.ts).
 */

import { createHash } from 'node:crypto';
import { toBase64 } from '../encoding/base64.js';
import { equalBytes } from '../encoding/bytes.js';
import type { JsonValue } from '../encoding/canonical-json.js';
import { toHex } from '../encoding/hex.js';
import { isLogError } from '../errors.js';
import { readMessageImprint, readTimestampResponse } from '../pki/pkcs7/timestamp.js';
import { verifySignedData } from '../pki/pkcs7/verify-signed-data.js';
import { checkSigners, type Signer } from './check-signer.js';
import { type Claim, notChecked, passed, unrelated } from './claim.js';
import { base64At, type Place, required, textAt } from './json-reader.js';
import type { LogEntry } from './log-entry.js';
import { reverify } from './reverify.js';
import type { VerificationStep } from './verify-entry.js';

/** What is known of one kind and version. */
export interface ArtifactKind {
  /** What the artifact is, for people. */
  readonly artifact: string;
  /** Returns the proposal that the stored spec and the artifact, in base64, make. */
  proposal(spec: Place, artifact: string): JsonValue;
  /** Returns the signer's key in the stored spec; none where the artifact itself carries it. */
  signer?(spec: Place): Signer;
  /** The other file that an entry speaks of: one that is named in what was signed. */
  readonly other?: {
    /** What the file is, for people. */
    readonly artifact: string;
    /** Returns its digest. Throws a LogError when none can be read in the entry. */
    digest(spec: Place): NamedDigest;
    /** True when the entry holds all that its signature is over, so that making the leaf anew has verified it. */
    readonly isSignedInEntry: boolean;
  };
  /** Why a right artifact may not verify: what the entry does not hold. */
  readonly caveat?: string;
}

/** A digest as an entry names it. */
export interface NamedDigest {
  readonly algorithm: string;
  /** Lower-case hex. */
  readonly hex: string;
}

/** The kinds by `kind version`. */
export const ARTIFACT_KINDS: ReadonlyMap<string, ArtifactKind> = new Map([
  ['alpine 0.0.1', packageKind('x509')],
  [
    'cose 0.0.1',
    {
      artifact: 'the message',
      proposal: (spec, message) => ({ data: {}, message, publicKey: jsonAt(spec, 'publicKey') }),
      signer: (spec) => ({ format: 'x509', key: base64At(required(spec, 'publicKey')) }),
      caveat: 'a signature with external data cannot be compared: the entry does not hold the data',
    },
  ],
  [
    'helm 0.0.1',
    {
      artifact: 'the provenance file',
      proposal: (spec, content) => ({
        publicKey: jsonAt(spec, 'publicKey'),
        chart: { provenance: { content } },
      }),
      signer: (spec) => keyIn(spec, 'publicKey', 'pgp'),
      other: { artifact: 'the chart', digest: chartDigest, isSignedInEntry: false },
    },
  ],
  [
    'jar 0.0.1',
    {
      artifact: 'the archive',
      proposal: (_, content) => ({ archive: { content } }),
      signer: (spec) => keyIn(required(spec, 'signature'), 'publicKey', 'x509'),
    },
  ],
  [
    'rekord 0.0.1',
    {
      artifact: 'the file',
      proposal: (spec, content) => ({ signature: jsonAt(spec, 'signature'), data: { content } }),
      signer: (spec) => {
        const signature = required(spec, 'signature');
        return keyIn(signature, 'publicKey', textAt(required(signature, 'format')));
      },
    },
  ],
  [
    'rfc3161 0.0.1',
    {
      artifact: 'the response',
      proposal: (_, content) => ({ tsr: { content } }),
      other: { artifact: 'the stamped file', digest: stampedDigest, isSignedInEntry: true },
    },
  ],
  ['rpm 0.0.1', packageKind('pgp')],
  [
    'tuf 0.0.1',
    {
      artifact: 'the metadata',
      proposal: (spec, content) => ({ metadata: { content }, root: jsonAt(spec, 'root') }),
      signer: (spec) => keyIn(spec, 'root', 'tuf'),
    },
  ],
] satisfies [string, ArtifactKind][]);

/** Returns what was checked of such an entry. Throws PROOF_INVALID and the like for what does not agree. */
export async function checkArtifact(
  kind: ArtifactKind,
  body: Place,
  entry: LogEntry,
  claim: Claim,
): Promise<readonly VerificationStep[]> {
  if (claim.bundle !== undefined) throw unrelated('no bundle can hold an entry of this kind');
  if (claim.predicateType !== undefined) throw unrelated('an entry of this kind has no predicate');
  const spec = required(body, 'spec');
  const steps = await compareArtifact(kind, body, entry, claim.artifact);
  const signer = kind.signer?.(spec);
  if (signer !== undefined) return [...steps, ...(await checkSigners([signer], entry, claim))];
  if (claim.signerKey !== undefined) throw unrelated('an entry of this kind names no key');
  return steps;
}

async function compareArtifact(
  kind: ArtifactKind,
  body: Place,
  entry: LogEntry,
  artifact: Uint8Array | undefined,
): Promise<readonly VerificationStep[]> {
  if (artifact === undefined) {
    return [notChecked('artifact', `none was given; the entry is of ${kind.artifact}`)];
  }
  const named = await compareOther(kind, body, entry, artifact);
  if (named.length > 0) return named;
  // Without an artifact the proposal would be the stored form, which may agree with any entry.
  if (artifact.length === 0) throw unrelated(`the artifact is empty, not ${kind.artifact}`);
  const proposal = kind.proposal(required(body, 'spec'), toBase64(artifact));
  const leaf = await reverify(body, proposal, entry).catch((cause: unknown) => {
    if (!isLogError(cause)) throw cause;
    const caveat = kind.caveat === undefined ? '' : `; ${kind.caveat}`;
    throw unrelated(`the artifact is not ${kind.artifact}: ${cause.message}${caveat}`, cause);
  });
  if (!equalBytes(leaf, entry.body)) {
    throw unrelated(`the artifact is not ${kind.artifact} of this entry`);
  }
  return [passed('artifact', `it is ${kind.artifact} of this entry; its signatures verify`)];
}

/** Returns the steps of an artifact that is the other file, none when it is not. */
async function compareOther(
  { other, artifact: logged }: ArtifactKind,
  body: Place,
  entry: LogEntry,
  artifact: Uint8Array,
): Promise<readonly VerificationStep[]> {
  if (other === undefined) return [];
  const spec = required(body, 'spec');
  const { algorithm, hex } = digestOrNone(other, spec);
  if (!RELIABLE.has(algorithm)) return [];
  if (createHash(algorithm).update(artifact).digest('hex') !== hex) return [];
  const step = passed('artifact', `it is ${other.artifact}: the entry names ${algorithm}:${hex}`);
  if (!other.isSignedInEntry) {
    return [step, notChecked('signature', `the entry does not hold ${logged}: give that`)];
  }
  const leaf = await reverify(body, spec.value, entry);
  if (!equalBytes(leaf, entry.body)) throw unrelated('the entry is not in its stored form');
  return [step, passed('signature', `${logged} in the entry is signed`)];
}

/** An entry without a digest that can be read speaks of no other file; of what was logged it may still speak. */
function digestOrNone({ digest }: NonNullable<ArtifactKind['other']>, spec: Place): NamedDigest {
  try {
    return digest(spec);
  } catch (error) {
    if (!isLogError(error)) throw error;
    return { algorithm: '', hex: '' };
  }
}

const RELIABLE: ReadonlySet<string> = new Set(['sha256', 'sha384', 'sha512']);

function chartDigest(spec: Place): NamedDigest {
  const hash = required(required(spec, 'chart'), 'hash');
  return {
    algorithm: textAt(required(hash, 'algorithm')),
    hex: textAt(required(hash, 'value')).toLowerCase(),
  };
}

function stampedDigest(spec: Place): NamedDigest {
  const response = base64At(required(required(spec, 'tsr'), 'content'));
  const { token } = readTimestampResponse(response);
  const { content } = verifySignedData(token?.signedData, undefined);
  const { hash, digest } = readMessageImprint(content);
  return { algorithm: hash ?? '', hex: toHex(digest) };
}

function packageKind(format: 'x509' | 'pgp'): ArtifactKind {
  return {
    artifact: 'the package',
    proposal: (spec, content) => ({ publicKey: jsonAt(spec, 'publicKey'), package: { content } }),
    signer: (spec) => keyIn(spec, 'publicKey', format),
  };
}

function keyIn(place: Place, name: string, format: string): Signer {
  const key = base64At(required(required(place, name), 'content'));
  return { format, key };
}

function jsonAt(place: Place, name: string): JsonValue {
  return required(place, name).value as JsonValue;
}
