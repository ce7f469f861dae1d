/**
 * Headers of COSE messages (RFC 9052 section 3), as strict as the COSE library of Rekor.
 *
 * In scope: labels, the parameters that the library checks, counter-signatures as far as their form goes. Out of
 * scope: what a parameter is for: `crit` may name any header that is there.
 */

import { goQuote } from '../../encoding/go-quote.js';
import { LogError } from '../../errors.js';
import {
  type CborItem,
  type Identity,
  identityOf,
  rawItem,
  readItem,
  skipSelfDescription,
} from './cbor-item.js';
import { checkItem, headAt, MAJOR } from './cbor-syntax.js';

/** Header parameters by label. */
export type CoseHeader = ReadonlyMap<Identity, Parameter>;

/** The value of a header parameter. */
export type Parameter = CborItem | { readonly kind: 'countersignature' };

/** Labels of header parameters (IANA, COSE Header Parameters). */
export const LABEL = {
  algorithm: 1n,
  critical: 2n,
  contentType: 3n,
  keyID: 4n,
  iv: 5n,
  partialIV: 6n,
  counterSignature: 7n,
  counterSignature0: 9n,
  counterSignatureV2: 11n,
  counterSignature0V2: 12n,
  type: 16n,
} as const;

/** Both headers of a message or of a counter-signature. */
export interface CoseHeaders {
  readonly protected: CoseHeader;
  readonly unprotected: CoseHeader;
  /** The content of the byte string that the protected header is in. */
  readonly protectedBytes: Uint8Array;
}

/** Returns the parameter under a label, undefined when there is none. */
export function parameter(header: CoseHeader, label: bigint): Parameter | undefined {
  return header.get(identityOf({ kind: 'integer', value: label }));
}

/** Returns the headers in two items that are well-formed and without tags. Throws ENTRY_MALFORMED. */
export function readHeaders(protectedItem: Uint8Array, unprotectedItem: Uint8Array): CoseHeaders {
  const headers = {
    ...inHeader('protected', () => readProtected(protectedItem)),
    unprotected: inHeader('unprotected', () => readUnprotected(unprotectedItem)),
  };
  const hasBoth = (one: CoseHeader, other: CoseHeader) =>
    parameter(one, LABEL.iv) !== undefined && parameter(other, LABEL.partialIV) !== undefined;
  if (hasBoth(headers.protected, headers.unprotected)) {
    throw malformed(
      'IV (protected) and PartialIV (unprotected) parameters must not both be present',
    );
  }
  if (hasBoth(headers.unprotected, headers.protected)) {
    throw malformed(
      'IV (unprotected) and PartialIV (protected) parameters must not both be present',
    );
  }
  return headers;
}

/** Returns the bytes in a byte string, undefined for nil. Throws ENTRY_MALFORMED for any other item. */
export function readByteString(item: Uint8Array): Uint8Array | undefined {
  if (item.length === 1 && item[0] === 0xf6) return undefined;
  const { major, end } = headAt(item, 0);
  if (major !== MAJOR.bytes) throw malformed('cbor: require bstr type');
  return item.subarray(end);
}

type Where = 'protected' | 'unprotected';

function inHeader<T>(where: Where, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof LogError)) throw cause;
    throw new LogError(cause.code, `cbor: invalid ${where} header: ${cause.message}`, { cause });
  }
}

function readProtected(item: Uint8Array): { protected: CoseHeader; protectedBytes: Uint8Array } {
  const bytes = readByteString(item);
  if (bytes === undefined) throw malformed('cbor: nil protected header');
  if (bytes.length === 0) return { protected: new Map(), protectedBytes: bytes };
  if (headMajor(bytes) !== MAJOR.map) {
    throw malformed('cbor: protected header: require map type');
  }
  checkItem(bytes, 'allowed');
  const header = new Map<Identity, Parameter>();
  for (const { label, value } of readEntries(bytes)) header.set(label, readItem(value));
  checkParameters(header, 'protected');
  return { protected: header, protectedBytes: bytes };
}

function readUnprotected(item: Uint8Array): CoseHeader {
  if (headMajor(item) !== MAJOR.map) {
    throw malformed('cbor: unprotected header: require map type');
  }
  const header = new Map<Identity, Parameter>();
  for (const { label, value } of readEntries(item)) {
    const isCounterSignature = COUNTER_SIGNATURES.has(label);
    header.set(label, isCounterSignature ? readCounterSignatures(value) : readItem(value));
  }
  checkParameters(header, 'unprotected');
  return header;
}

function headMajor(bytes: Uint8Array): number {
  return (bytes[0] as number) >> 5;
}

interface Entry {
  readonly label: Identity;
  readonly value: Uint8Array;
}

/** Returns the entries of a map; labels are integers and texts, each there once. */
function readEntries(map: Uint8Array): readonly Entry[] {
  const { argument: count, end } = headAt(map, 0);
  const entries = new Map<Identity, Entry>();
  let at = end;
  for (let index = 0; index < count; index++) {
    const key = rawItem(map, skipSelfDescription(map, at));
    const label = readLabel(key.raw);
    const value = rawItem(map, key.end);
    at = value.end;
    const identity = identityOf(label);
    if (entries.has(identity)) throw duplicate(label, index);
    entries.set(identity, { label: identity, value: value.raw });
  }
  return [...entries.values()];
}

function readLabel(raw: Uint8Array): CborItem {
  const major = headMajor(raw);
  if (major !== MAJOR.positive && major !== MAJOR.negative && major !== MAJOR.text) {
    throw malformed('cbor: header label: require int / tstr type');
  }
  const label = readItem(raw);
  if (label.kind !== 'other') return label;
  throw malformed('cbor: header label: int key must not be higher than 1<<63 - 1');
}

function duplicate(label: CborItem, index: number): LogError {
  const value = label.kind === 'text' ? goQuote(label.value) : integerText(label);
  const key = `cose.headerLabelValidator{value:${value}}`;
  return malformed(`cbor: found duplicate map key ${key} at map element index ${index}`);
}

function integerText(item: CborItem): string {
  return item.kind === 'integer' ? `${item.value}` : '';
}

const COUNTER_SIGNATURES: ReadonlySet<Identity> = new Set(
  [LABEL.counterSignature, LABEL.counterSignatureV2].map((value) =>
    identityOf({ kind: 'integer', value }),
  ),
);

/** One counter-signature, or a list of them, in which nil may stand too. */
function readCounterSignatures(item: Uint8Array): Parameter {
  const form: Parameter = { kind: 'countersignature' };
  if (isNil(item) || isCounterSignature(item)) return form;
  const { major, argument: count, end } = headAt(item, 0);
  let at = end;
  let areAll = major === MAJOR.list;
  for (let index = 0; areAll && index < count; index++) {
    const one = rawItem(item, at);
    areAll = isNil(one.raw) || isCounterSignature(one.raw);
    at = one.end;
  }
  if (areAll) return form;
  throw malformed('invalid Countersignature object / list of objects');
}

function isNil(item: Uint8Array): boolean {
  return item.length === 1 && (item[0] === 0xf6 || item[0] === 0xf7);
}

const LIST_OF_THREE = 0x83;

function isCounterSignature(item: Uint8Array): boolean {
  if (item[0] !== LIST_OF_THREE) return false;
  try {
    const protectedItem = rawItem(item, 1);
    const unprotectedItem = rawItem(item, protectedItem.end);
    const signature = readByteString(rawItem(item, unprotectedItem.end).raw);
    if (signature === undefined || signature.length === 0) return false;
    readHeaders(protectedItem.raw, unprotectedItem.raw);
    return true;
  } catch (error) {
    if (error instanceof LogError) return false;
    throw error;
  }
}

function checkParameters(header: CoseHeader, where: Where): void {
  for (const [label, value] of header) {
    const rule = RULES.get(label);
    const problem = rule?.(value, header, where);
    if (problem === undefined) continue;
    throw malformed(`${where} header: header parameter: ${problem}`);
  }
}

type Rule = (value: Parameter, header: CoseHeader, where: Where) => string | undefined;

const RULES: ReadonlyMap<Identity, Rule> = new Map(
  (
    [
      [LABEL.algorithm, algorithmProblem],
      [LABEL.critical, criticalProblem],
      [LABEL.contentType, mediaTypeRule('content type')],
      [LABEL.type, mediaTypeRule('type')],
      [LABEL.keyID, byteStringRule('kid')],
      [LABEL.iv, ivRule('IV', LABEL.partialIV)],
      [LABEL.partialIV, ivRule('Partial IV', LABEL.iv)],
      [LABEL.counterSignature, unprotectedRule('counter signature')],
      [LABEL.counterSignatureV2, unprotectedRule('Countersignature version 2')],
      [LABEL.counterSignature0, unprotectedRule('countersignature0', byteStringRule)],
      [LABEL.counterSignature0V2, unprotectedRule('Countersignature0 version 2', byteStringRule)],
    ] as const
  ).map(([value, rule]): [Identity, Rule] => [identityOf({ kind: 'integer', value }), rule]),
);

function algorithmProblem({ kind }: Parameter): string | undefined {
  return kind === 'integer' || kind === 'text' ? undefined : 'alg: require int / tstr type';
}

function criticalProblem(value: Parameter, header: CoseHeader, where: Where): string | undefined {
  if (where === 'unprotected') return 'crit: not allowed';
  if (value.kind !== 'list') return 'crit: invalid crit header';
  if (value.items.length === 0) return 'crit: empty crit header';
  for (const label of value.items) {
    if (label.kind !== 'integer' && label.kind !== 'text') return 'crit: require int / tstr type';
    if (!header.has(identityOf(label))) return `crit: missing critical header: ${label.value}`;
  }
  return undefined;
}

function mediaTypeRule(name: string): Rule {
  return (value) => {
    if (value.kind === 'integer' && value.value >= 0n) return undefined;
    if (value.kind !== 'text') return `${name}: require tstr / uint type`;
    const text = value.value;
    if (text === '') return `${name}: require non-empty string`;
    if (text.startsWith(' ') || text.endsWith(' ')) {
      return `${name}: require no leading/trailing whitespace`;
    }
    const isPair = text.split('/', 3).length === 2;
    return isPair ? undefined : `${name}: require text of form type/subtype`;
  };
}

function byteStringRule(name: string): Rule {
  return ({ kind }) => (kind === 'bytes' ? undefined : `${name}: require bstr type`);
}

function ivRule(name: string, other: bigint): Rule {
  const isBytes = byteStringRule(name);
  return (value, header, where) => {
    const problem = isBytes(value, header, where);
    if (problem !== undefined || parameter(header, other) === undefined) return problem;
    return 'IV and PartialIV: parameters must not both be present';
  };
}

function unprotectedRule(name: string, inner?: (name: string) => Rule): Rule {
  return (value, header, where) =>
    where === 'protected' ? `${name}: not allowed` : inner?.(name)(value, header, where);
}

function malformed(reason: string): LogError {
  return new LogError('ENTRY_MALFORMED', reason);
}
