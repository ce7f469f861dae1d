/**
 * Who cosigns the checkpoints of this server: the policy file, held against the log's own keys and addresses.
 *
 * Spec: https://c2sp.org/tlog-policy; docs/operating.md, "Witnesses". In scope: reading the file, what of it a log can
 * work with. Out of scope: asking (publishing/).
 */

import { readFileSync } from 'node:fs';
import { utf8 } from '../encoding/bytes.js';
import { isLogError, LogError } from '../errors.js';
import { isQuorumMet, type Policy, type PolicyWitness, parsePolicy } from '../note/policy.js';
import { KEY_ID_BYTES, MAX_NOTE_BYTES, MAX_NOTE_SIGNATURES } from '../note/signed-note.js';
import { printVerifierKey, SIGNATURE_TYPE, type VerifierKey } from '../note/verifier-key.js';
import type { Timing } from '../publishing/timing.js';
import type { AskedWitness, Witnessing } from '../publishing/witnessing.js';
import { noteVerifier } from '../signing/note-verifier.js';
import type { Signer } from '../signing/signer.js';
import { isLogOfV1, isLogOfV2, type LogRecord } from '../storage/log-store.js';
import type { Config } from './config.js';
import type { LogParts } from './open-parts.js';

type WitnessConfig = Pick<
  Config,
  | 'witnessPolicy'
  | 'witnessMode'
  | 'witnessWaitMs'
  | 'witnessTimeoutMs'
  | 'witnessLogs'
  | 'witnessGuard'
  | 'witnessAllowOwn'
  | 'hostname'
  | 'publicUrl'
  | 'address'
  | 'port'
>;

/** Returns the policy that is configured, undefined without one. Throws CONFIG_INVALID, naming the file. */
export function readWitnessPolicy(config: WitnessConfig): Policy | undefined {
  const path = config.witnessPolicy;
  if (path === undefined) return undefined;
  const policy = parsed(path);
  const asked = policy.witnesses.filter(({ url }) => url !== undefined);
  for (const witness of asked) checkURL(path, witness);
  checkNoteSize(path, policy);
  const names = new Set(asked.map(({ name }) => name));
  if (!isQuorumMet(policy, (name) => names.has(name))) {
    throw refused(path, 'its quorum cannot be met by the witnesses that have a URL');
  }
  return policy;
}

/**
 * Returns how a log is witnessed, by its record; undefined for one that is not. Throws CONFIG_INVALID for a policy of other
 * logs, and for a witness that is the log itself.
 */
export function witnessingOf(
  policy: Policy | undefined,
  config: WitnessConfig,
  { keys, identity }: Pick<LogParts, 'keys' | 'identity'>,
  timing: Timing,
): (record: LogRecord) => Witnessing | undefined {
  if (policy === undefined) return () => undefined;
  assertOfThisLog(policy, identity.verifierKeys);
  if (!config.witnessAllowOwn) {
    for (const witness of policy.witnesses) assertForeign(witness, config, keys);
  }
  const witnessing: Witnessing = {
    policy,
    witnesses: askedWitnesses(policy),
    mode: config.witnessMode,
    waitMs: config.witnessWaitMs,
    requestTimeoutMs: config.witnessTimeoutMs,
    believesClaims: config.witnessGuard === 'claim',
    timing,
  };
  const { witnessLogs } = config;
  const isWitnessed = (record: LogRecord): boolean =>
    (witnessLogs.includes('v1') && isLogOfV1(record)) ||
    (witnessLogs.includes('v2') && isLogOfV2(record));
  return (record) => (isWitnessed(record) ? witnessing : undefined);
}

function parsed(path: string): Policy {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    throw refused(path, (cause as Error).message, cause);
  }
  try {
    return parsePolicy(bytes);
  } catch (cause) {
    if (!isLogError(cause)) throw cause;
    throw refused(path, cause.message, cause);
  }
}

function checkURL(path: string, { name, url = '' }: PolicyWitness): void {
  const parts = URL.canParse(url) ? new URL(url) : undefined;
  // A name and a password would be shown wherever the address is.
  const hasMore = parts === undefined || parts.search + parts.hash + parts.username !== '';
  if (!hasMore && /^https?:$/.test(parts.protocol)) return;
  throw refused(path, `the URL of witness ${name} is no http or https prefix`);
}

/** Readers of notes have bounds, we among them. */
function checkNoteSize(path: string, { witnesses }: Policy): void {
  const bytes = witnesses.reduce((sum, { key }) => sum + lineBytes(key), OWN_NOTE_BYTES);
  if (bytes <= MAX_NOTE_BYTES && witnesses.length < MAX_NOTE_SIGNATURES - 1) return;
  throw refused(path, 'a note with all its cosignatures would be longer than readers take');
}

/** More than the text and the signatures of the log take. */
const OWN_NOTE_BYTES = 4_096;

function lineBytes({ name, type }: VerifierKey): number {
  const signature = type === SIGNATURE_TYPE.mldsa44Cosignature ? 2_420 : 64;
  const decoded = KEY_ID_BYTES + 8 + signature;
  return utf8(name).length + 6 + 4 * Math.ceil(decoded / 3);
}

/** One request brings the cosignatures of all keys behind an address. */
function askedWitnesses({ witnesses }: Policy): readonly AskedWitness[] {
  const byURL = new Map<string, AskedWitness['keys'][number][]>();
  for (const { name, key, url } of witnesses) {
    if (url === undefined) continue;
    const prefix = url.replace(/\/+$/, '');
    const keys = byURL.get(prefix) ?? [];
    keys.push({ witness: name, verifier: noteVerifier(key) });
    byURL.set(prefix, keys);
  }
  return [...byURL].map(([url, keys]) => ({ url, keys }));
}

/** A policy that names logs is met by checkpoints of these alone; one that names none is of whichever log is meant. */
function assertOfThisLog({ logs }: Policy, verifierKeys: readonly string[]): void {
  const isThis = logs.some(({ key }) => verifierKeys.includes(printVerifierKey(key)));
  if (logs.length === 0 || isThis) return;
  throw new LogError(
    'CONFIG_INVALID',
    `the log lines of --witness-policy name other logs than this one, whose keys are ${verifierKeys.join(' and ')}`,
  );
}

/** A log that witnesses itself would vouch for whatever it shows to whom. */
function assertForeign(
  { name, key, url }: PolicyWitness,
  config: WitnessConfig,
  { log, tiles }: LogParts['keys'],
): void {
  const isOwn = {
    'a key of this log': [log, tiles].some((signer) => isKeyOf(signer, key.publicKey)),
    'the name of this log': `${key.name}/`.startsWith(`${config.hostname}/`),
    'the address of this log': url !== undefined && isOwnAddress(new URL(url), config),
  };
  const [what] = Object.entries(isOwn).find(([, isSo]) => isSo) ?? [];
  if (what === undefined) return;
  throw new LogError(
    'CONFIG_INVALID',
    `witness ${name} of --witness-policy has ${what}: a log that witnesses itself proves nothing; ` +
      'if it is meant so, --witness-allow-own accepts it',
  );
}

function isKeyOf({ algorithm, publicKeyDer }: Signer, publicKey: Uint8Array): boolean {
  // The SubjectPublicKeyInfo of an Ed25519 key ends with the 32 bytes of the key itself.
  return algorithm === 'ed25519' && Buffer.compare(publicKeyDer.slice(-32), publicKey) === 0;
}

function isOwnAddress(url: URL, { publicUrl, address, port, hostname }: WitnessConfig): boolean {
  const names = [address.includes(':') ? `[${address}]` : address, hostname, ...LOOPBACK];
  const listening = names.map((name) => `${url.protocol}//${name}:${port}`);
  const own = [publicUrl ?? `https://${hostname}`, ...listening];
  return own.some((each) => URL.canParse(each) && new URL(each).host === url.host);
}

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

function refused(path: string, reason: string, cause?: unknown): LogError {
  return new LogError('CONFIG_INVALID', `--witness-policy ${path}: ${reason}`, { cause });
}
