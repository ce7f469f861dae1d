/**
 * Bodies made comparable: what legitimately differs between two logs (signatures, times, proofs of a position)
 * is verified, and replaced by its name. Each problem found is told; the text of the body is the caller's.
 */

import { leafHash } from '../../src/merkle/hash.js';
import { verifyInclusion } from '../../src/merkle/verify.js';
import { parseCheckpoint } from '../../src/note/checkpoint.js';
import { parseSignedNote } from '../../src/note/signed-note.js';
import { verifyWithKey } from '../../src/signing/signer.js';
import type { LogUnderTest } from './log-under-test.js';
import type { BodyKind } from './recorded-case.js';

type Json = Record<string, unknown>;

/** Returns the body of an answer in a form that can be compared; adds to `problems` what does not verify. */
export function verifiedBody(
  log: LogUnderTest,
  kind: BodyKind,
  raw: string,
  problems: string[],
): unknown {
  if (kind === 'empty') return raw;
  if (kind === 'text') return log.neutral(raw);
  let value: unknown;
  try {
    value = JSON.parse(raw);
  } catch {
    return { unparsable: log.neutral(raw) };
  }
  switch (kind) {
    case 'entry':
      return isEntryMap(value) ? entryMap(log, value, problems) : value;
    case 'entries':
      if (!Array.isArray(value)) return value;
      return value.map((item) => (isEntryMap(item) ? entryMap(log, item, problems) : item));
    case 'uuids':
      return isStrings(value) ? value.map((id) => log.neutral(id)).sort() : value;
    case 'loginfo':
      return isObject(value) ? logInfo(log, value, problems) : value;
    default:
      return JSON.parse(log.neutral(JSON.stringify(value)));
  }
}

function entryMap(log: LogUnderTest, map: Record<string, Json>, problems: string[]): Json {
  return Object.fromEntries(
    Object.entries(map).map(([id, entry]) => [
      neutralID(log, id, entry, problems),
      verifiedEntry(log, entry, problems),
    ]),
  );
}

function neutralID(log: LogUnderTest, id: string, entry: Json, problems: string[]): string {
  const hash = hexOf(leafHash(bytesOf(entry['body'])));
  if (!id.endsWith(hash)) problems.push(`${id} does not end with the leaf hash ${hash}`);
  if (id.length === 64) return hash;
  if (!id.startsWith(log.treeHex)) problems.push(`${id} does not begin with ${log.treeHex}`);
  return `<treeHex>${hash}`;
}

function verifiedEntry(log: LogUnderTest, entry: Json, problems: string[]): Json {
  const { body, integratedTime, logID, logIndex, verification } = entry;
  if (logID !== log.logID) problems.push('logID is not the SHA-256 of the public key');
  if (!Number.isInteger(integratedTime) || (integratedTime as number) < 1_600_000_000) {
    problems.push(`integratedTime ${integratedTime}`);
  }
  const shown: Json = { ...entry, logID: '<logID>', integratedTime: '<integratedTime>' };
  if (!isObject(verification)) return shown;
  // Members in the order of RFC 8785; none of the values needs an escape.
  const signed = JSON.stringify({ body, integratedTime, logID, logIndex });
  if (!isSigned(log, signed, bytesOf(verification['signedEntryTimestamp']))) {
    problems.push('signedEntryTimestamp does not verify');
  }
  const proof = verification['inclusionProof'];
  return {
    ...shown,
    verification: {
      ...verification,
      signedEntryTimestamp: '<SET>',
      ...(isObject(proof)
        ? { inclusionProof: verifiedProof(log, leafHash(bytesOf(body)), proof, problems) }
        : {}),
    },
  };
}

function verifiedProof(log: LogUnderTest, leaf: Uint8Array, proof: Json, problems: string[]): Json {
  const index = proof['logIndex'] as number;
  const size = proof['treeSize'] as number;
  const rootHash = proof['rootHash'] as string;
  try {
    const hashes = (proof['hashes'] as string[]).map(fromHexText);
    verifyInclusion({ index, size, leafHash: leaf, proof: hashes, root: fromHexText(rootHash) });
  } catch (error) {
    problems.push(`inclusion proof: ${error}`);
  }
  checkCheckpoint(log, proof['checkpoint'], size, rootHash, problems);
  return { ...proof, checkpoint: '<checkpoint>' };
}

function logInfo(log: LogUnderTest, info: Json, problems: string[]): Json {
  const { signedTreeHead, treeSize, rootHash, treeID } = info;
  checkCheckpoint(log, signedTreeHead, treeSize as number, rootHash as string, problems);
  if (treeID !== log.treeID) problems.push(`treeID ${treeID}`);
  return { ...info, signedTreeHead: '<checkpoint>', treeID: '<treeID>' };
}

/** A v1 checkpoint: origin of this tree, one signature line, key hint of the SPKI, size and root as told. */
function checkCheckpoint(
  log: LogUnderTest,
  text: unknown,
  size: number,
  rootHash: string,
  problems: string[],
): void {
  try {
    const note = parseSignedNote(text as string);
    const checkpoint = parseCheckpoint(note.text);
    const [line] = note.signatures;
    if (note.signatures.length !== 1 || line === undefined) {
      throw new Error('not exactly one signature line');
    }
    if (checkpoint.origin !== `${line.name} - ${log.treeID}`) throw new Error('wrong origin');
    if (checkpoint.extensions.length > 0) throw new Error('extension lines');
    if (hexOf(line.keyID) !== log.logID.slice(0, 8)) throw new Error('wrong key hint');
    if (!isSigned(log, note.text, line.signature)) throw new Error('signature does not verify');
    if (checkpoint.size !== BigInt(size)) throw new Error('another size than beside it');
    if (hexOf(checkpoint.root) !== rootHash) throw new Error('another root than beside it');
    log.roots.set(size, rootHash);
  } catch (error) {
    problems.push(`checkpoint: ${error}`);
  }
}

function isSigned(log: LogUnderTest, message: string, signature: Uint8Array): boolean {
  return verifyWithKey(log.publicKeyDer, Buffer.from(message), signature);
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function isEntryMap(value: unknown): value is Record<string, Json> {
  if (!isObject(value)) return false;
  const items = Object.entries(value);
  return (
    items.length > 0 &&
    items.every(
      ([id, entry]) =>
        /^[0-9a-f]{64}$|^[0-9a-f]{80}$/.test(id) && isObject(entry) && 'logID' in entry,
    )
  );
}

function bytesOf(base64: unknown): Uint8Array {
  return Uint8Array.from(Buffer.from(typeof base64 === 'string' ? base64 : '', 'base64'));
}

function fromHexText(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, 'hex'));
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
