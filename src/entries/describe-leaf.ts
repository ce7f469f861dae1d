/**
 * A stored entry read back: what its leaf alone says about artifacts and signers.
 *
 * In scope: leaves of every kind, of Rekor v1 and v2, whoever's log they stand in. Less than a submission says: the
 * statement of an attestation, or the files of a package, are in no leaf. Out of scope: whether signatures hold, which
 * the log has checked or has not; what anybody looks for (matching/). Pure.
 */

import { sha256Hex } from '#sha256';
import { fromBase64 } from '../encoding/base64.js';
import { fromUtf8 } from '../encoding/bytes.js';
import { toHex } from '../encoding/hex.js';
import { repeatedMember } from '../encoding/json-members.js';
import { decodePem } from '../encoding/pem.js';
import { isLogError, LogError } from '../errors.js';
import { readSignedMessage, type SignedMessage } from '../pki/pkcs7/signed-data.js';
import { readMessageImprint, readTimestampResponse } from '../pki/pkcs7/timestamp.js';
import { verifySignedData } from '../pki/pkcs7/verify-signed-data.js';
import { describeCommonLeaf } from './common-leaves.js';
import type { DescribedLeaf } from './described-leaf.js';
import type { SearchTerm } from './entry-kind.js';
import { packageIdentityTerms } from './shared/package-url.js';
import { digestTerm } from './shared/search-terms.js';
import {
  certificateSigner,
  pemSigner,
  pgpSigner,
  plainSigner,
  publicKeySigner,
  type StoredSigner,
  signerReader,
} from './stored-signer.js';

/**
 * Returns what a leaf says; at once but for kinds with OpenPGP keys. Throws, or rejects with, ENTRY_MALFORMED,
 * ENTRY_KIND_UNKNOWN, ENTRY_VERSION_UNKNOWN, KEY_MALFORMED or SIGNATURE_INVALID.
 */
export function describeLeaf(leaf: Uint8Array): DescribedLeaf | Promise<DescribedLeaf> {
  const common = asMalformed(() => describeCommonLeaf(leaf));
  if (common !== undefined) return common;
  const { kind, apiVersion, spec } = readEnvelope(leaf);
  const versions = Object.hasOwn(READERS, kind) ? READERS[kind] : undefined;
  if (versions === undefined) {
    throw new LogError('ENTRY_KIND_UNKNOWN', `no entry of kind ${shown(kind)} can be read`);
  }
  const read = Object.hasOwn(versions, apiVersion) ? versions[apiVersion] : undefined;
  if (read === undefined) {
    const reason = `no ${kind} entry of version ${shown(apiVersion)} can be read`;
    throw new LogError('ENTRY_VERSION_UNKNOWN', reason);
  }
  const facts = asMalformed(() => read(spec));
  if (!(facts instanceof Promise)) return { kind, apiVersion, ...facts };
  return facts.then((found) => ({ kind, apiVersion, ...found }));
}

type Facts = Pick<DescribedLeaf, 'terms' | 'signers'>;
type Members = Readonly<Record<string, unknown>>;
type Reader = (spec: Members) => Facts | Promise<Facts>;

/** Longest piece of a leaf that a reason quotes, in characters. */
const MAX_SHOWN = 40;

function shown(text: string): string {
  return JSON.stringify(text.slice(0, MAX_SHOWN));
}

function readEnvelope(leaf: Uint8Array): { kind: string; apiVersion: string; spec: Members } {
  let document: string;
  let value: unknown;
  try {
    document = fromUtf8(leaf);
    value = JSON.parse(document);
  } catch (cause) {
    throw new LogError('ENTRY_MALFORMED', 'the leaf is not JSON', { cause });
  }
  const repeated = repeatedMember(document);
  if (repeated !== undefined) {
    throw new LogError('ENTRY_MALFORMED', `the leaf has two members ${shown(repeated)}`);
  }
  const envelope = object(value, 'the leaf');
  return {
    kind: text(envelope, 'kind'),
    apiVersion: text(envelope, 'apiVersion'),
    spec: inside(envelope, 'spec'),
  };
}

/** By kind, then by version. */
const READERS: Readonly<Record<string, Readonly<Record<string, Reader>>>> = {
  alpine: { '0.0.1': readAlpine },
  cose: { '0.0.1': readCose },
  dsse: { '0.0.1': readDsse, '0.0.2': readDsseV2 },
  hashedrekord: { '0.0.1': readHashedrekord, '0.0.2': readHashedrekordV2 },
  helm: { '0.0.1': readHelm },
  intoto: { '0.0.1': readIntoto, '0.0.2': readIntotoV2 },
  jar: { '0.0.1': readJar },
  rekord: { '0.0.1': readRekord },
  rfc3161: { '0.0.1': readRfc3161 },
  rpm: { '0.0.1': readRpm },
  tuf: { '0.0.1': readTuf },
};

function readHashedrekord(spec: Members): Facts {
  const key = bytes(inside(inside(spec, 'signature'), 'publicKey'), 'content');
  return { terms: hashTerms(inside(spec, 'data'), 'hash'), signers: [pemSigner(key)] };
}

function readHashedrekordV2(spec: Members): Facts {
  const { data, signature } = inside(spec, 'hashedRekordV002');
  return {
    terms: [v2Digest(object(data, 'data'))],
    signers: [v2Signer(object(signature, 'signature'))],
  };
}

function readDsse(spec: Members): Facts {
  const signers = list(spec, 'signatures').map((one) => pemSigner(bytes(one, 'verifier')));
  return {
    terms: [...hashTerms(spec, 'envelopeHash'), ...hashTerms(spec, 'payloadHash')],
    signers,
  };
}

function readDsseV2(spec: Members): Facts {
  const entry = inside(spec, 'dsseV002');
  return {
    terms: [v2Digest(inside(entry, 'payloadHash'))],
    signers: list(entry, 'signatures').map(v2Signer),
  };
}

function readIntoto(spec: Members): Facts {
  const content = inside(spec, 'content');
  return {
    terms: [...hashTerms(content, 'hash'), ...hashTerms(content, 'payloadHash')],
    signers: [pemSigner(bytes(spec, 'publicKey'))],
  };
}

/** Without the hash of the envelope: nobody has signed or computed what the client says it is. */
function readIntotoV2(spec: Members): Facts {
  const content = inside(spec, 'content');
  const signatures = list(inside(content, 'envelope'), 'signatures');
  return {
    terms: hashTerms(content, 'payloadHash'),
    signers: signatures.map((one) => pemSigner(bytes(one, 'publicKey'))),
  };
}

function readCose(spec: Members): Facts {
  const data = inside(spec, 'data');
  return {
    terms: [...hashTerms(data, 'envelopeHash'), ...hashTerms(data, 'payloadHash')],
    signers: [pemSigner(bytes(spec, 'publicKey'))],
  };
}

function readAlpine(spec: Members): Facts {
  const entry = inside(spec, 'package');
  const info = inside(entry, 'pkginfo');
  const fact = (name: string) => (typeof info[name] === 'string' ? info[name] : '');
  return {
    terms: [
      ...hashTerms(entry, 'hash'),
      ...(fact('datahash') === '' ? [] : [digestTerm('sha256', fact('datahash'))]),
      ...packageIdentityTerms({
        type: 'apk',
        namespace: 'alpine',
        name: fact('pkgname'),
        version: fact('pkgver'),
        qualifiers: { arch: fact('arch') },
      }),
    ],
    signers: [pemSigner(storedKey(spec))],
  };
}

async function readHelm(spec: Members): Promise<Facts> {
  const terms = hashTerms(inside(spec, 'chart'), 'hash');
  return { terms, signers: [await pgpSigner(storedKey(spec))] };
}

async function readRpm(spec: Members): Promise<Facts> {
  const entry = inside(spec, 'package');
  const headers = inside(entry, 'headers');
  const fact = (name: string) => (typeof headers[name] === 'string' ? headers[name] : '');
  const epoch = fact('Epoch');
  return {
    terms: [
      ...hashTerms(entry, 'hash'),
      ...packageIdentityTerms({
        type: 'rpm',
        name: fact('Name'),
        version: `${fact('Version')}-${fact('Release')}`,
        qualifiers: { arch: fact('Architecture'), epoch: epoch === '0' ? '' : epoch },
      }),
    ],
    signers: [await pgpSigner(storedKey(spec))],
  };
}

async function readRekord(spec: Members): Promise<Facts> {
  const signature = inside(spec, 'signature');
  const read = signerReader(text(signature, 'format'));
  const signer = await read(storedKey(signature));
  return { terms: hashTerms(inside(spec, 'data'), 'hash'), signers: [signer] };
}

/** Of a bag of certificates each may have signed: the block alone does not say which its signature file is of. */
function readJar(spec: Members): Facts {
  const signature = inside(spec, 'signature');
  const block = bytes(signature, 'content');
  const { signedData } = readSignedMessage(decodePem(block)?.der ?? block);
  return {
    terms: hashTerms(inside(spec, 'archive'), 'hash'),
    signers: [
      pemSigner(storedKey(signature)),
      ...(signedData?.certificates ?? []).slice(1).map(certificateSigner),
    ],
  };
}

function readRfc3161(spec: Members): Facts {
  const content = bytes(inside(spec, 'tsr'), 'content');
  const token: SignedMessage | undefined = readTimestampResponse(content).token;
  const signed = verifySignedData(token?.signedData, undefined);
  return {
    terms: [digestTerm('sha256', sha256Hex(content)), ...imprintTerms(signed.content)],
    signers: [certificateSigner(signed.certificate.der)],
  };
}

/** What was stamped, if it can be read: Rekor does not ask for it. */
function imprintTerms(content: Uint8Array): SearchTerm[] {
  try {
    const { hash, digest } = readMessageImprint(content);
    return hash === undefined ? [] : [digestTerm(hash, toHex(digest))];
  } catch (error) {
    if (isLogError(error)) return [];
    throw error;
  }
}

/** The signers of metadata are the keys of its root, by the IDs that TUF gives them. */
function readTuf(spec: Members): Facts {
  const metadata = bytes(inside(spec, 'metadata'), 'content');
  const root = bytes(inside(spec, 'root'), 'content');
  const signed = inside(json(root), 'signed');
  const keyIDs = Object.keys(inside(signed, 'keys'));
  return {
    terms: [
      digestTerm('sha256', sha256Hex(metadata)),
      digestTerm('sha256', sha256Hex(root)),
      { field: 'subject-name', value: text(inside(json(metadata), 'signed'), '_type') },
    ],
    signers: [plainSigner([sha256Hex(root), ...keyIDs])],
  };
}

/** A hash in the form of the v1 API: `{algorithm, value}`; none where there is none. */
function hashTerms(place: Members, name: string): SearchTerm[] {
  if (place[name] === undefined) return [];
  const hash = inside(place, name);
  return [digestTerm(text(hash, 'algorithm'), text(hash, 'value'))];
}

const V2_HASHES: ReadonlyMap<string, string> = new Map([
  ['SHA2_256', 'sha256'],
  ['SHA2_384', 'sha384'],
  ['SHA2_512', 'sha512'],
  ['SHA3_256', 'sha3-256'],
  ['SHA3_384', 'sha3-384'],
]);

function v2Digest(hash: Members): SearchTerm {
  const algorithm = text(hash, 'algorithm');
  return digestTerm(V2_HASHES.get(algorithm) ?? algorithm, toHex(bytes(hash, 'digest')));
}

function v2Signer(signature: Members): StoredSigner {
  const verifier = inside(signature, 'verifier');
  if (verifier['x509Certificate'] !== undefined) {
    return certificateSigner(bytes(inside(verifier, 'x509Certificate'), 'rawBytes'));
  }
  return publicKeySigner(bytes(inside(verifier, 'publicKey'), 'rawBytes'));
}

function storedKey(place: Members): Uint8Array {
  return bytes(inside(place, 'publicKey'), 'content');
}

function json(document: Uint8Array): Members {
  return object(JSON.parse(fromUtf8(document)), 'a document');
}

function object(value: unknown, name: string): Members {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Members;
  throw new LogError('ENTRY_MALFORMED', `${name} is not an object`);
}

function inside(place: Members, name: string): Members {
  return object(own(place, name), name);
}

function list(place: Members, name: string): readonly Members[] {
  const value = own(place, name);
  if (Array.isArray(value)) return value.map((item) => object(item, `an item of ${name}`));
  throw new LogError('ENTRY_MALFORMED', `${name} is not a list`);
}

function text(place: Members, name: string): string {
  const value = own(place, name);
  if (typeof value === 'string') return value;
  throw new LogError('ENTRY_MALFORMED', `${name} is not a text`);
}

function bytes(place: Members, name: string): Uint8Array {
  return fromBase64(text(place, name));
}

function own(place: Members, name: string): unknown {
  return Object.hasOwn(place, name) ? place[name] : undefined;
}

/** What a damaged leaf throws is ENTRY_MALFORMED or one of the codes that readers of keys have. */
function asMalformed<T>(read: () => T): T;
function asMalformed<T>(read: () => T | Promise<T>): T | Promise<T> {
  try {
    const found = read();
    return found instanceof Promise ? found.catch(throwMalformed) : found;
  } catch (cause) {
    return throwMalformed(cause);
  }
}

function throwMalformed(cause: unknown): never {
  if (isLogError(cause) && cause.code !== 'ENCODING_MALFORMED') throw cause;
  const reason = cause instanceof Error ? cause.message : 'it cannot be read';
  throw new LogError('ENTRY_MALFORMED', reason, { cause });
}
