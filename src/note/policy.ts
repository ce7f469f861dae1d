/**
 * Trust policies: which logs are known, which witnesses, and how many of them must have cosigned a checkpoint.
 * https://c2sp.org/tlog-policy
 *
 * In scope: the text, strictly, and the quorum rule. Out of scope: signatures (cosigners.ts) and what a URL is
 * good for. Pure; no state. The text is octets: what is not UTF-8 is kept apart from what is, never replaced.
 */

import { fromUtf8, utf8 } from '../encoding/bytes.js';
import { toHex } from '../encoding/hex.js';
import { isLogError, LogError } from '../errors.js';
import {
  parseVerifierKey,
  SIGNATURE_TYPE,
  type SignatureType,
  type VerifierKey,
} from './verifier-key.js';

/** A log whose checkpoints may be believed. */
export interface PolicyLog {
  /** Its name is the log's origin. */
  readonly key: VerifierKey;
  /** As it was written: what it is for depends on who reads it. */
  readonly url: string | undefined;
}

/** A witness whose cosignature counts. */
export interface PolicyWitness {
  /** Name within the policy; octets that are no UTF-8 stand as U+DC80 to U+DCFF. */
  readonly name: string;
  readonly key: VerifierKey;
  /** As it was written: by recommendation the submission prefix. */
  readonly url: string | undefined;
}

/** Who must have cosigned: one witness, or at least so many of the members. `quorum none` is 0 of none. */
export type QuorumRule =
  | { readonly witness: string }
  | { readonly atLeast: number; readonly members: readonly QuorumRule[] };

/** A policy. No two logs have one key, no two witnesses either, and the quorum counts each witness once. */
export interface Policy {
  /** Signed by any one of them is enough; empty where the log is known from elsewhere. */
  readonly logs: readonly PolicyLog[];
  readonly witnesses: readonly PolicyWitness[];
  readonly quorum: QuorumRule;
}

/** Longest policy that is read, in bytes: as many logs and witnesses as there may be, all of ML-DSA-44. */
export const MAX_POLICY_BYTES = 1_048_576;

/** Most logs, most witnesses and most groups of a policy, each. */
export const MAX_POLICY_ENTRIES = 256;

const LOG_TYPES: readonly SignatureType[] = [
  SIGNATURE_TYPE.ed25519,
  SIGNATURE_TYPE.ecdsa,
  SIGNATURE_TYPE.mldsa44Cosignature,
];
const WITNESS_TYPES: readonly SignatureType[] = [
  SIGNATURE_TYPE.ed25519Cosignature,
  SIGNATURE_TYPE.mldsa44Cosignature,
];
const NONE = 'none';

/** Returns the policy. Throws POLICY_MALFORMED, naming the line. */
export function parsePolicy(text: string | Uint8Array): Policy {
  const lines = linesOf(octetsOf(text));
  const draft = new Draft();
  for (const [index, line] of lines.entries()) {
    const fields = line.split(/[ \t]+/).filter((field) => field !== '');
    if (fields.length === 0 || fields[0]?.startsWith('#')) continue;
    try {
      draft.add(fields.map(textOf));
    } catch (cause) {
      if (!isLogError(cause)) throw cause;
      throw malformed(`line ${index + 1} of the policy: ${cause.message}`, cause);
    }
  }
  return draft.finish();
}

/** Returns whether enough witnesses have cosigned; each is asked for by its name in the policy. */
export function isQuorumMet(policy: Policy, hasCosigned: (witness: string) => boolean): boolean {
  const isMet = (rule: QuorumRule): boolean =>
    'witness' in rule
      ? hasCosigned(rule.witness)
      : rule.members.filter(isMet).length >= rule.atLeast;
  return isMet(policy.quorum);
}

/** What the lines so far have defined. */
class Draft {
  readonly #logs: PolicyLog[] = [];
  readonly #witnesses: PolicyWitness[] = [];
  readonly #rules = new Map<string, QuorumRule>();
  readonly #members = new Set<string>();
  #groups = 0;
  #quorum: QuorumRule | undefined;

  add(fields: readonly string[]): void {
    const [keyword, ...rest] = fields;
    if (keyword === 'log') this.#addLog(rest);
    else if (keyword === 'witness') this.#addWitness(rest);
    else if (keyword === 'group') this.#addGroup(rest);
    else if (keyword === 'quorum') this.#setQuorum(rest);
    else throw malformed('it is no log, witness, group or quorum');
  }

  finish(): Policy {
    if (this.#quorum === undefined) throw malformed('the policy has no quorum line');
    return { logs: this.#logs, witnesses: this.#witnesses, quorum: this.#quorum };
  }

  #addLog(fields: readonly string[]): void {
    const [vkey, url] = checkFields(fields, 1, 2);
    const key = newKey(vkey as string, LOG_TYPES, this.#logs);
    this.#logs.push({ key, url });
    checkCount(this.#logs.length, 'logs');
  }

  #addWitness(fields: readonly string[]): void {
    const [name, vkey, url] = checkFields(fields, 2, 3) as [string, string, string?];
    const key = newKey(vkey, WITNESS_TYPES, this.#witnesses);
    this.#define(name, { witness: name });
    this.#witnesses.push({ name, key, url });
    checkCount(this.#witnesses.length, 'witnesses');
  }

  #addGroup(fields: readonly string[]): void {
    const [name, threshold, ...names] = checkFields(fields, 3, Number.POSITIVE_INFINITY) as [
      string,
      string,
      ...string[],
    ];
    const members = names.map((member) => this.#takeMember(member));
    this.#define(name, { atLeast: readThreshold(threshold, members.length), members });
    checkCount(++this.#groups, 'groups');
  }

  #setQuorum(fields: readonly string[]): void {
    const [name] = checkFields(fields, 1, 1) as [string];
    if (this.#quorum !== undefined) throw malformed('it is a second quorum line');
    this.#quorum = name === NONE ? { atLeast: 0, members: [] } : this.#find(name);
  }

  #define(name: string, rule: QuorumRule): void {
    if (name === NONE || this.#rules.has(name)) throw malformed(`the name ${shown(name)} is taken`);
    this.#rules.set(name, rule);
  }

  #takeMember(name: string): QuorumRule {
    const rule = this.#find(name);
    // Otherwise one witness would count more than once.
    if (this.#members.has(name)) throw malformed(`${shown(name)} is a member already`);
    this.#members.add(name);
    return rule;
  }

  #find(name: string): QuorumRule {
    const rule = this.#rules.get(name);
    if (rule === undefined) throw malformed(`no line above defines ${shown(name)}`);
    return rule;
  }
}

/** Returns the key of a line, unless one of those above has the same under whatever name. */
function newKey(
  vkey: string,
  types: readonly SignatureType[],
  above: readonly { readonly key: VerifierKey }[],
): VerifierKey {
  const key = parseVerifierKey(vkey);
  if (!types.includes(key.type)) {
    throw malformed(`keys of signature type ${key.type} do not belong here`);
  }
  const publicKey = toHex(key.publicKey);
  if (above.some((other) => toHex(other.key.publicKey) === publicKey)) {
    throw malformed(`the public key of ${key.name} stands in a line above`);
  }
  return key;
}

function readThreshold(text: string, members: number): number {
  if (text === 'any') return 1;
  if (text === 'all') return members;
  const threshold = /^[1-9][0-9]*$/.test(text) ? Number(text) : 0;
  if (threshold >= 1 && threshold <= members) return threshold;
  throw malformed(`no group of ${members} members has the threshold ${shown(text)}`);
}

function checkFields(fields: readonly string[], least: number, most: number): readonly string[] {
  if (fields.length >= least && fields.length <= most) return fields;
  throw malformed(`it has ${fields.length} fields after the first`);
}

function checkCount(count: number, what: string): void {
  if (count <= MAX_POLICY_ENTRIES) return;
  throw malformed(`more than ${MAX_POLICY_ENTRIES} ${what}`);
}

const LONE_SURROGATE = /[\ud800-\udfff]/u;

function octetsOf(text: string | Uint8Array): Uint8Array {
  if (text.length > MAX_POLICY_BYTES) {
    throw malformed(`the policy is longer than ${MAX_POLICY_BYTES} bytes`);
  }
  if (typeof text !== 'string') return text;
  if (LONE_SURROGATE.test(text)) throw malformed('the policy holds half of a surrogate pair');
  const octets = utf8(text);
  return octets.length > MAX_POLICY_BYTES ? octetsOf(octets) : octets;
}

/** Returns the lines without their ends, one character an octet. */
function linesOf(octets: Uint8Array): string[] {
  const lines: string[] = [];
  let line = '';
  for (const octet of octets) {
    if (octet === 0x0a) {
      lines.push(line);
      line = '';
      continue;
    }
    if ((octet < 0x20 && octet !== 0x09) || octet === 0x7f) {
      const found = octet.toString(16).padStart(2, '0');
      throw malformed(`line ${lines.length + 1} of the policy holds the control octet 0x${found}`);
    }
    line += String.fromCharCode(octet);
  }
  if (line !== '') throw malformed(`line ${lines.length + 1} of the policy has no end`);
  return lines;
}

/** Returns the text of a field. Distinct octets give distinct texts: half surrogates never come out of UTF-8. */
function textOf(field: string): string {
  try {
    return fromUtf8(Uint8Array.from(field, (character) => character.charCodeAt(0)));
  } catch (cause) {
    if (!isLogError(cause, 'ENCODING_MALFORMED')) throw cause;
    return field.replace(/[\x80-\xff]/g, (octet) =>
      String.fromCharCode(0xdc00 + octet.charCodeAt(0)),
    );
  }
}

/** A line is as long as its author likes; a message is not. */
function shown(field: string): string {
  return field.length <= 64 ? field : `${field.slice(0, 64)}…`;
}

function malformed(message: string, cause?: unknown): LogError {
  return new LogError('POLICY_MALFORMED', message, { cause });
}
