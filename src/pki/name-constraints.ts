/**
 * Name constraints (RFC 5280 section 4.2.1.10): which names the certificates below an authority may bear.
 *
 * In scope: reading constraints on DNS names, e-mail addresses, URIs and IP addresses, with Rekor's reasons
 * for damaged ones. Out of scope: applying them (name-constraint-check.ts); other kinds of names, which
 * nobody here understands.
 */

import { Buffer } from 'node:buffer';
import { DER_TAG } from '../encoding/der.js';
import { goQuoteOctets } from '../encoding/go-quote.js';
import { toHex } from '../encoding/hex.js';
import { LogError } from '../errors.js';
import { DerCursor } from './der-cursor.js';
import { isDomainConstraint, readMailbox } from './domain-name.js';
import { readIpAddress } from './ip-address.js';
import type { Network } from './subtrees.js';

/** Subtrees of names, by kind. */
export interface NameSubtrees {
  readonly dns: readonly string[];
  readonly emails: readonly string[];
  readonly uris: readonly string[];
  readonly networks: readonly Network[];
}

/** What one extension states. */
export interface NameConstraints {
  readonly permitted: NameSubtrees;
  readonly excluded: NameSubtrees;
  /** True when a subtree is of a kind that is not understood. */
  readonly hasOther: boolean;
}

/** Returns the constraints in the extension `value`. Throws KEY_MALFORMED with Rekor's reason. */
export function readNameConstraints(value: Uint8Array): NameConstraints {
  const outer = new DerCursor(value);
  const list = new DerCursor(outer.take(DER_TAG.sequence, INVALID));
  const permitted = list.takeOptional(0xa0, INVALID) ?? new Uint8Array(0);
  const excluded = list.takeOptional(0xa1, INVALID) ?? new Uint8Array(0);
  if (!outer.atEnd || !list.atEnd) throw new LogError('KEY_MALFORMED', INVALID);
  if (permitted.length + excluded.length === 0) {
    throw new LogError('KEY_MALFORMED', 'x509: empty name constraints extension');
  }
  const first = readSubtrees(permitted);
  const second = readSubtrees(excluded);
  return {
    permitted: first.subtrees,
    excluded: second.subtrees,
    hasOther: first.hasOther || second.hasOther,
  };
}

const INVALID = 'x509: invalid NameConstraints extension';

// Context-specific tags of GeneralName.
const EMAIL = 0x81;
const DNS = 0x82;
const URI = 0x86;
const IP = 0x87;

function readSubtrees(encoded: Uint8Array): { subtrees: NameSubtrees; hasOther: boolean } {
  const dns: string[] = [];
  const emails: string[] = [];
  const uris: string[] = [];
  const networks: Network[] = [];
  let hasOther = false;
  const list = new DerCursor(encoded);
  while (!list.atEnd) {
    const base = new DerCursor(list.take(DER_TAG.sequence, INVALID)).takeAny(INVALID);
    if (base.tag === DNS) dns.push(readDomain(base.content, 'dnsName'));
    else if (base.tag === IP) networks.push(readNetwork(base.content));
    else if (base.tag === EMAIL) emails.push(readEmail(base.content));
    else if (base.tag === URI) uris.push(readUriDomain(base.content));
    else hasOther = true;
  }
  return { subtrees: { dns, emails, uris, networks }, hasOther };
}

function readText(content: Uint8Array): string {
  const text = Buffer.from(content).toString('latin1');
  if (content.every((octet) => octet < 0x80)) return text;
  throw new LogError(
    'KEY_MALFORMED',
    `x509: invalid constraint value: x509: ${goQuoteOctets(text)} cannot be encoded as an IA5String`,
  );
}

function readDomain(content: Uint8Array, kind: string): string {
  const domain = readText(content);
  if (isDomainConstraint(domain)) return domain;
  throw new LogError(
    'KEY_MALFORMED',
    `x509: failed to parse ${kind} constraint ${goQuoteOctets(domain)}`,
  );
}

function readEmail(content: Uint8Array): string {
  const text = readText(content);
  if (!text.includes('@')) return readDomain(content, 'rfc822Name');
  if (readMailbox(text) !== undefined) return text;
  throw new LogError(
    'KEY_MALFORMED',
    `x509: failed to parse rfc822Name constraint ${goQuoteOctets(text)}`,
  );
}

function readUriDomain(content: Uint8Array): string {
  const text = readText(content);
  const reading = readIpAddress(text);
  if (reading.version === undefined || reading.hasZone) return readDomain(content, 'URI');
  throw new LogError(
    'KEY_MALFORMED',
    `x509: failed to parse URI constraint ${goQuoteOctets(text)}: cannot be IP address`,
  );
}

function readNetwork(content: Uint8Array): Network {
  if (content.length !== 8 && content.length !== 32) {
    throw new LogError(
      'KEY_MALFORMED',
      `x509: IP constraint contained value of length ${content.length}`,
    );
  }
  const half = content.length / 2;
  const mask = content.subarray(half);
  const bits = Array.from(mask, (octet) => octet.toString(2).padStart(8, '0')).join('');
  if (!/^1*0*$/.test(bits)) {
    throw new LogError(
      'KEY_MALFORMED',
      `x509: IP constraint contained invalid mask ${toHex(mask)}`,
    );
  }
  return { address: content.subarray(0, half), mask };
}
