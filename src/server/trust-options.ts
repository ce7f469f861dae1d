/**
 * The options of the trust kit as what documents are made from: texts `key=value,…` are taken apart, and the PEM files
 * that they name are read, once.
 *
 * In scope: what the operator wrote, and errors that name option and file. Out of scope: what PEM must hold
 * (trust/pem-material.ts), and the documents (trust/documents.ts).
 */

import { resolve } from 'node:path';
import { equalBytes } from '../encoding/bytes.js';
import { isLogError, LogError } from '../errors.js';
import type { TimestampChain } from '../timestamping/certificate-chain.js';
import { type LogAnchor, startOfDay } from '../trust/log-anchor.js';
import type {
  AuthorityMaterial,
  IdentityProvider,
  LogMaterial,
  TrustMaterial,
} from '../trust/material.js';
import {
  type AuthorityChain,
  readCertificateAuthority,
  readLogKey,
  readTimestampAuthority,
} from '../trust/pem-material.js';
import { serviceUrlProblem, withoutFinalSlash } from '../trust/service-url.js';
import { parseTimestamp, timestampText } from '../trust/time-range.js';
import type { Options } from './config.js';
import { timestampAuthorityMaterial } from './timestamp-authority.js';

/** The options that are read here. */
export type TrustOptions = Pick<
  Options,
  | 'publicUrl'
  | 'trustOperator'
  | 'trustApis'
  | 'trustFulcio'
  | 'trustCtfe'
  | 'trustTsa'
  | 'trustOidc'
  | 'trustRekor'
>;

/** What of a log is no option of the trust kit. */
export interface LogFacts {
  readonly hostname: string;
  /** DER SubjectPublicKeyInfo. */
  readonly publicKeyDer: Uint8Array;
  readonly verifierKeys: readonly string[];
  /** When it was made, seconds since 1970; undefined where nobody knows, and the key is believed for all times. */
  readonly createdSeconds: number | undefined;
  /** Port of its API, which the URL of a log named localhost has. */
  readonly port: number;
  /** Of the authority beside it; undefined where there is none. */
  readonly timestampChain: TimestampChain | undefined;
}

/** Returns the material with the authority beside the log, unless there is none or the options name it by themselves. */
export function withOwnAuthority(
  material: TrustMaterial,
  log: LogAnchor,
  chain: TimestampChain | undefined,
): TrustMaterial {
  if (chain === undefined) return material;
  const own = timestampAuthorityMaterial(chain, log);
  const { timestampAuthorities } = material;
  // The operator's word on its URL or its end stands.
  const isNamed = timestampAuthorities.some(({ certificates: [signing] }) =>
    equalBytes(signing ?? NOTHING, chain.leaf.der),
  );
  return isNamed ? material : { ...material, timestampAuthorities: [...timestampAuthorities, own] };
}

const NOTHING = new Uint8Array(0);

/** Returns what is known of the log. Throws CONFIG_INVALID. */
export function logAnchor(options: TrustOptions, facts: LogFacts): LogAnchor {
  const { hostname, publicKeyDer, verifierKeys, createdSeconds } = facts;
  return {
    hostname,
    publicKeyDer,
    verifierKeys,
    publicUrl: publicUrlOf(options, facts),
    validFromSeconds: startOfDay(createdSeconds ?? 0),
    operator: operatorOf(options, hostname),
    signingApis: options.trustApis,
  };
}

/**
 * Returns the material that the options name; `readFile` returns the text of the file at a path, or throws. Throws
 * CONFIG_INVALID, naming option and file.
 */
export function readTrustMaterial(
  options: TrustOptions,
  hostname: string,
  readFile: (path: string) => string,
): TrustMaterial {
  const services = (option: ServiceOption, texts: readonly string[]): readonly Service[] =>
    texts.map((text) => readService(option, text, operatorOf(options, hostname)));
  const content = <Content>(service: Service, read: (pem: string) => Content): Content =>
    readPem(service, readFile, read);
  const log = (service: Service): LogMaterial => ({
    ...reachable(service, 0),
    publicKeyDer: content(service, readLogKey),
  });
  return {
    otherLogs: services('trust-rekor', options.trustRekor).map(log),
    certificateAuthorities: services('trust-fulcio', options.trustFulcio).map((service) => ({
      ...authority(service, content(service, readCertificateAuthority)),
      url: withoutFinalSlash(service.url),
    })),
    ctLogs: services('trust-ctfe', options.trustCtfe).map(log),
    timestampAuthorities: services('trust-tsa', options.trustTsa).map((service) =>
      authority(service, content(service, readTimestampAuthority)),
    ),
    identityProviders: services('trust-oidc', options.trustOidc).map((service) =>
      reachable(service, 0),
    ),
  };
}

/** Returns the URL under which clients reach the log: its name where the operator says nothing. Throws CONFIG_INVALID. */
export function publicUrlOf(
  { publicUrl: given }: TrustOptions,
  { hostname, port }: Pick<LogFacts, 'hostname' | 'port'>,
): string {
  if (given === undefined) {
    return hostname === 'localhost' ? `http://localhost:${port}` : `https://${hostname}`;
  }
  const problem = serviceUrlProblem(given);
  if (problem !== undefined) throw invalid(`--public-url ${problem}, not ${JSON.stringify(given)}`);
  return withoutFinalSlash(given);
}

function operatorOf({ trustOperator }: TrustOptions, hostname: string): string {
  return trustOperator ?? hostname;
}

/** The keys of each option's texts besides those that all have; the one of a file first. */
const FILE_KEYS = {
  'trust-fulcio': 'certificate-chain',
  'trust-ctfe': 'public-key',
  'trust-tsa': 'certificate-chain',
  'trust-oidc': undefined,
  'trust-rekor': 'public-key',
} as const;

type ServiceOption = keyof typeof FILE_KEYS;

interface Service {
  readonly option: ServiceOption;
  readonly url: string;
  /** Absolute; '' for an option without files. */
  readonly path: string;
  readonly operator: string;
  readonly startSeconds: number | undefined;
  readonly endSeconds: number | undefined;
}

function readService(option: ServiceOption, text: string, operator: string): Service {
  const fileKey = FILE_KEYS[option];
  const required = ['url', ...(fileKey === undefined ? [] : [fileKey])];
  const values = readPairs(option, text, [...required, 'start-time', 'end-time', 'operator']);
  for (const key of required) {
    if (!values.has(key)) throw invalid(`--${option} needs ${key}=, not ${JSON.stringify(text)}`);
  }
  const url = values.get('url') as string;
  const problem = serviceUrlProblem(url);
  if (problem !== undefined)
    throw invalid(`--${option} url ${problem}, not ${JSON.stringify(url)}`);
  const path = fileKey === undefined ? '' : resolve(values.get(fileKey) as string);
  const startSeconds = readTime(option, 'start-time', values);
  const endSeconds = readTime(option, 'end-time', values);
  return {
    option,
    url,
    path,
    operator: values.get('operator') ?? operator,
    startSeconds,
    endSeconds,
  };
}

/** A comma that no key follows belongs to the value before it, as in the name of a file. */
function readPairs(
  option: ServiceOption,
  text: string,
  keys: readonly string[],
): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const pair of text.split(/,(?=\s*[A-Za-z_-]{1,32}=)/)) {
    const at = pair.indexOf('=');
    const key = pair.slice(0, Math.max(at, 0)).trim();
    const value = pair.slice(at + 1).trim();
    if (!keys.includes(key)) {
      throw invalid(`--${option} is of ${keys.join('=, ')}=, not ${JSON.stringify(pair)}`);
    }
    if (values.has(key)) throw invalid(`--${option} gives ${key} a second time`);
    if (value === '') throw invalid(`--${option} gives no ${key}`);
    values.set(key, value);
  }
  return values;
}

function readTime(
  option: ServiceOption,
  key: string,
  values: ReadonlyMap<string, string>,
): number | undefined {
  const text = values.get(key);
  if (text === undefined) return undefined;
  const seconds = parseTimestamp(text);
  if (seconds !== undefined) return seconds;
  throw invalid(
    `--${option} ${key} must be a time such as 2026-01-31T00:00:00Z, not ${JSON.stringify(text)}`,
  );
}

function readPem<Content>(
  { option, path }: Service,
  readFile: (path: string) => string,
  read: (pem: string) => Content,
): Content {
  let pem: string;
  try {
    pem = readFile(path);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'there is no such file' : message;
    throw invalid(`--${option} ${path}: ${reason}`, cause);
  }
  try {
    return read(pem);
  } catch (cause) {
    if (!isLogError(cause)) throw cause;
    throw invalid(`--${option} ${path}: ${cause.message}`, cause);
  }
}

function authority(service: Service, chain: AuthorityChain): AuthorityMaterial {
  const { certificates, subject, validFromSeconds } = chain;
  return { ...reachable(service, validFromSeconds), certificates, subject };
}

function reachable(service: Service, validFromSeconds: number): IdentityProvider {
  const { option, url, operator, startSeconds = validFromSeconds, endSeconds } = service;
  if (endSeconds !== undefined && endSeconds < startSeconds) {
    throw invalid(`--${option} ${url} ends before it starts, ${timestampText(startSeconds)}`);
  }
  const validFor = { startSeconds, ...(endSeconds !== undefined && { endSeconds }) };
  return { url, operator, validFor };
}

function invalid(reason: string, cause?: unknown): LogError {
  return new LogError('CONFIG_INVALID', reason, { cause });
}
