/**
 * The timestamp authority of a server: its key and certificates in files, made once, and its clock.
 *
 * What is made lies in the folder `tsa` of the data folder: a P-256 key, and the certificates that vouch for it. The
 * root's key signs one certificate and is never written anywhere: whoever breaks in later finds no key that could
 * vouch for another authority, and there is none to keep safe. Another key means another root, which clients are told
 * of anyway: their trusted roots hold the whole chain.
 *
 * In scope: files, their making, what is wrong with them. Out of scope: what a chain must be, and tokens
 * (timestamping/). No mutable state but the files.
 */

import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isLogError, LogError } from '../errors.js';
import { syncFolder } from '../files/durable-file.js';
import { type Clock, openClockRule } from '../sequencing/clock.js';
import { readKeyFile, readOrCreateKeyFile } from '../signing/key-file.js';
import { type Signer, signerFromKey } from '../signing/signer.js';
import type { Store } from '../storage/log-store.js';
import { openTimestampAuthority, type TimestampAuthority } from '../timestamping/authority.js';
import { readTimestampChain, type TimestampChain } from '../timestamping/certificate-chain.js';
import { issueTimestampChain } from '../timestamping/issue-chain.js';
import { timestampTrust } from '../timestamping/trust.js';
import type { LogAnchor } from '../trust/log-anchor.js';
import type { AuthorityMaterial } from '../trust/material.js';
import { readTimestampAuthority } from '../trust/pem-material.js';
import type { Config } from './config.js';
import { type DataFolder, isThere, smallFile, writeSynced } from './data-folder.js';
import type { LogKeys, LogRecords } from './identity.js';

/** The options that concern the authority. */
export type TimestampOptions = Pick<
  Config,
  'hostname' | 'tsaKey' | 'tsaChain' | 'tsaPolicy' | 'signingKeyPassphrase'
>;

/** The key of an authority and its certificates. */
export interface TimestampMaterial {
  readonly signer: Signer;
  readonly chain: TimestampChain;
  /** Sentences for the operator. */
  readonly warnings: readonly string[];
}

/** Where key and certificates are. */
export interface TimestampFiles {
  readonly key: string;
  readonly chain: string;
  /** True when the operator named them. */
  readonly isNamed: boolean;
}

/** Returns where key and certificates are. Throws CONFIG_INVALID when the options name one without the other. */
export function timestampFiles(
  { tsaKey, tsaChain }: Pick<TimestampOptions, 'tsaKey' | 'tsaChain'>,
  { root }: Pick<DataFolder, 'root'>,
): TimestampFiles {
  if (tsaKey !== undefined && tsaChain !== undefined) {
    return { key: tsaKey, chain: tsaChain, isNamed: true };
  }
  if (tsaKey !== undefined || tsaChain !== undefined) {
    throw new LogError(
      'CONFIG_INVALID',
      '--tsa-key and --tsa-chain are given together or not at all',
    );
  }
  const folder = join(root, FOLDER);
  return { key: join(folder, KEY), chain: join(folder, CHAIN), isNamed: false };
}

/**
 * Makes key and certificates in the data folder, which must be there, unless they are there or the options name
 * others. Returns true when it did; both files are on disk then. Throws CONFIG_INVALID, KEY_FILE_INVALID,
 * STORE_UNAVAILABLE.
 */
export async function makeTimestampAuthority(
  options: TimestampOptions,
  folder: Pick<DataFolder, 'root'>,
  wallMs: number,
): Promise<boolean> {
  const files = timestampFiles(options, folder);
  if (files.isNamed || (await isBegun(files))) return false;
  // Both or none, whenever the machine stops: they are made in a folder of another name, which then gets its own.
  const unfinished = `${dirname(files.key)}.${randomBytes(6).toString('hex')}`;
  try {
    await mkdir(unfinished, { mode: 0o700 });
    const { signer } = await readOrCreateKeyFile(join(unfinished, KEY), 'ecdsa-p256');
    await writeSynced(join(unfinished, CHAIN), newChain(options.hostname, signer, wallMs));
    await rename(unfinished, dirname(files.key));
    await syncFolder(folder.root);
    return true;
  } catch (cause) {
    await rm(unfinished, { recursive: true, force: true });
    if (isLogError(cause)) throw cause;
    const { message } = cause as Error;
    const problem = `${dirname(files.key)} cannot be made: ${message}`;
    throw new LogError('STORE_UNAVAILABLE', problem, { cause });
  }
}

/**
 * Returns key and certificates; `wallMs` is the time that warnings speak of. Throws CONFIG_INVALID, KEY_FILE_INVALID
 * for files that are missing, cannot be read or do not fit, and for a key that is one of the log's.
 */
export async function readTimestampMaterial(
  options: TimestampOptions,
  folder: Pick<DataFolder, 'root'>,
  logKeys: LogKeys,
  wallMs: number,
): Promise<TimestampMaterial> {
  const files = timestampFiles(options, folder);
  if (!files.isNamed && !(await isBegun(files))) {
    throw new LogError(
      'KEY_FILE_INVALID',
      `there is no timestamp authority in ${dirname(files.key)}: make it with \`stele init --tsa\``,
    );
  }
  const { signer, warnings } = await readKeyFile(files.key, options.signingKeyPassphrase);
  if ([logKeys.log.keyID, logKeys.tiles.keyID].includes(signer.keyID)) {
    throw new LogError(
      'KEY_FILE_INVALID',
      `key file ${files.key}: this is a key of the log; a timestamp authority needs one of its own`,
    );
  }
  const chain = await readChain(files.chain, signer.publicKeyDer);
  return { signer, chain, warnings: [...warnings, ...validityWarnings(chain, wallMs)] };
}

/**
 * Returns the certificates of an authority without its key, undefined when there is none: what `stele trust` needs.
 * Throws CONFIG_INVALID, KEY_FILE_INVALID.
 */
export async function readTimestampChainFile(
  options: Pick<TimestampOptions, 'tsaKey' | 'tsaChain'>,
  folder: Pick<DataFolder, 'root'>,
): Promise<TimestampChain | undefined> {
  const files = timestampFiles(options, folder);
  if (!files.isNamed && !(await isBegun(files))) return undefined;
  return readChain(files.chain, undefined);
}

/** Returns what a trusted root and a signing config say of the authority of a log that clients reach at `publicUrl`. */
export function timestampAuthorityMaterial(
  chain: TimestampChain,
  { publicUrl, operator }: Pick<LogAnchor, 'publicUrl' | 'operator'>,
): AuthorityMaterial {
  const { path, pem, notBeforeSeconds } = timestampTrust(chain);
  const { certificates, subject } = readTimestampAuthority(pem);
  // No end: whoever makes another key says when this one ended, and certificates end by themselves.
  const validFor = { startSeconds: notBeforeSeconds };
  return { url: `${publicUrl}${path}`, certificates, subject, validFor, operator };
}

/** What an authority stands beside. */
export interface TimestampParts {
  readonly folder: Pick<DataFolder, 'root'>;
  readonly keys: LogKeys;
  readonly store: Pick<Store, 'log'>;
  readonly records: LogRecords;
}

/** An authority that answers, and what the operator should be told. */
export interface OpenTimestamps {
  readonly authority: TimestampAuthority;
  readonly grantedStatus: 200 | 201;
  readonly warnings: readonly string[];
}

/** Returns the authority of a server, undefined when --tsa is off. Throws as `readTimestampMaterial` does. */
export async function openTimestamps(
  config: TimestampOptions & Pick<Config, 'tsa' | 'tsaStatus'>,
  { folder, keys, store, records }: TimestampParts,
  clock: Clock,
): Promise<OpenTimestamps | undefined> {
  if (!config.tsa) return undefined;
  const material = await readTimestampMaterial(config, folder, keys, clock.wallMs());
  const heads = await Promise.all(
    [records.v1, records.v2].map(({ treeID }) => store.log(treeID).head()),
  );
  const newestSeconds = Math.max(...heads.map((head) => head.integratedTimeSeconds));
  return {
    authority: startTimestampAuthority(material, config, clock, newestSeconds),
    grantedStatus: config.tsaStatus === '201' ? 201 : 200,
    warnings: material.warnings,
  };
}

/**
 * Returns the authority. It keeps the clock rule of the log, which it begins to watch now: `newestSeconds` is the
 * newest integrated time, and time goes on from there as the monotonic clock does. Throws KEY_FILE_INVALID for a key
 * that clients could not verify.
 */
export function startTimestampAuthority(
  { signer, chain }: Pick<TimestampMaterial, 'signer' | 'chain'>,
  { tsaPolicy }: Pick<TimestampOptions, 'tsaPolicy'>,
  clock: Clock,
  newestSeconds: number,
): TimestampAuthority {
  const rule = openClockRule(clock);
  const nowSeconds = (): number => {
    const reason = rule.trouble(newestSeconds);
    if (reason !== undefined) throw new LogError('CLOCK_UNTRUSTED', reason);
    // The log goes on at the time of its newest entry where the clock is a little behind; a timestamp must not.
    return rule.integratedTimeSeconds(0);
  };
  const policy = tsaPolicy;
  return openTimestampAuthority({ signer, chain, policy, nowSeconds, random: randomBytes });
}

const FOLDER = 'tsa';
const KEY = 'key.pem';
const CHAIN = 'chain.pem';

/** The clocks of two machines may differ by so much that the first timestamp came before its certificate. */
const BEGINS_BEFORE_SECONDS = 300;
const VALIDITY_SECONDS = 10 * 365 * 86_400;
const WARNING_SECONDS = 90 * 86_400;
const MAX_CHAIN_FILE_SIZE = 256 * 1024;

function newChain(hostname: string, signer: Signer, wallMs: number): string {
  const nowSeconds = Math.floor(wallMs / 1000);
  const root = signerFromKey(generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey);
  return issueTimestampChain({
    organization: hostname,
    publicKeyDer: signer.publicKeyDer,
    root,
    notBeforeSeconds: nowSeconds - BEGINS_BEFORE_SECONDS,
    notAfterSeconds: nowSeconds + VALIDITY_SECONDS,
    random: randomBytes,
  });
}

/** True when either file is there: what is left of an authority is never made anew. */
async function isBegun({ key, chain }: TimestampFiles): Promise<boolean> {
  return (await Promise.all([key, chain].map(isThere))).includes(true);
}

async function readChain(
  path: string,
  publicKeyDer: Uint8Array | undefined,
): Promise<TimestampChain> {
  const pem = await smallFile(path);
  if (pem === undefined || pem.length > MAX_CHAIN_FILE_SIZE) {
    const problem = pem === undefined ? 'there is no such file' : 'it is too large';
    throw new LogError('KEY_FILE_INVALID', `certificates ${path}: ${problem}`);
  }
  try {
    return readTimestampChain(pem, publicKeyDer);
  } catch (cause) {
    if (!isLogError(cause)) throw cause;
    throw new LogError(cause.code, `certificates ${path}: ${cause.message}`, { cause });
  }
}

/** Outside their validity timestamps answer 503, which an operator wants to know before. */
function validityWarnings(chain: TimestampChain, wallMs: number): string[] {
  const nowSeconds = wallMs / 1000;
  const day = (seconds: number) => new Date(seconds * 1000).toISOString().slice(0, 10);
  if (nowSeconds < chain.notBeforeSeconds) {
    return [`the timestamp authority's certificates are valid from ${day(chain.notBeforeSeconds)}`];
  }
  if (nowSeconds < chain.notAfterSeconds - WARNING_SECONDS) return [];
  const ends = nowSeconds > chain.notAfterSeconds ? 'ended' : 'end';
  return [
    `the timestamp authority's certificates ${ends} on ${day(chain.notAfterSeconds)}; see docs/operating.md`,
  ];
}
