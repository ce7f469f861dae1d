/**
 * The options of the server: one table, from which the reader (config.ts), the help text and the page
 * docs/operating.md are made.
 *
 * In scope: names, kinds of value, bounds, defaults, meanings. Out of scope: where values come from
 * (option-sources.ts) and what is done with them (compose.ts). No mutable state.
 */

import { DUPLICATE_ANSWERS } from '../api/v1/submission-rules.js';
import { DEFAULT_ENTRY_LIMITS } from '../entries/limits.js';
import { ENTRY_KINDS, KNOWN_KINDS } from '../entries/registry.js';
import {
  DEFAULT_SIGNATURE_ALGORITHMS,
  SIGNATURE_ALGORITHM_NAMES,
} from '../entries/shared/signature-algorithms.js';
import type { OptionRow } from './option-row.js';
import { TIMESTAMP_OPTIONS } from './timestamp-option-rows.js';
import { TRUST_OPTIONS } from './trust-option-rows.js';
import { WATCH_OPTIONS } from './watch-option-rows.js';
import { WITNESS_OPTIONS } from './witness-option-rows.js';

/** Endpoints that can be switched off, under Rekor's names. */
export const API_ENDPOINTS = [
  'searchIndex',
  'getLogInfo',
  'getPublicKey',
  'getLogProof',
  'createLogEntry',
  'getLogEntryByIndex',
  'getLogEntryByUUID',
  'searchLogQuery',
] as const;

const KIND_VERSIONS: readonly string[] = Object.values(ENTRY_KINDS).flatMap(({ kind, versions }) =>
  Object.keys(versions).map((version) => `${kind}:${version}`),
);

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

const V2_TREES = ['own', 'shared'] as const;
const V2_DSSE = ['accept', 'refuse'] as const;

const GIBIBYTE = 1024 ** 3;

/** Every option of the server. */
export const OPTIONS = [
  {
    name: 'config',
    kind: 'path',
    default: undefined,
    meaning: 'YAML file with further options; flags and environment come before it',
  },
  {
    name: 'port',
    kind: 'integer',
    default: 3000,
    least: 0,
    most: 65_535,
    meaning: 'port of the API; 0 takes a free one',
  },
  {
    name: 'address',
    alias: 'rekor-server.address',
    kind: 'text',
    default: '127.0.0.1',
    meaning: 'address on which the API listens',
  },
  {
    name: 'metrics-port',
    kind: 'integer',
    default: 2112,
    least: 0,
    most: 65_535,
    meaning: 'port of the Prometheus metrics; 0 takes a free one',
  },
  {
    name: 'metrics-address',
    kind: 'text',
    default: '127.0.0.1',
    meaning: 'address on which the metrics listen',
  },
  {
    name: 'grpc-port',
    kind: 'integer',
    default: undefined,
    least: 0,
    most: 65_535,
    meaning: 'port of the v2 API over gRPC, without TLS; 0 takes a free one; unset: off',
  },
  {
    name: 'grpc-address',
    kind: 'text',
    default: '127.0.0.1',
    meaning: 'address on which gRPC listens',
  },
  {
    name: 'data-dir',
    kind: 'path',
    default: './data',
    meaning: 'folder of the log: store, keys, guard',
  },
  {
    name: 'hostname',
    alias: 'rekor-server.hostname',
    kind: 'text',
    default: 'localhost',
    pattern: /^[a-z0-9][a-z0-9._:/-]{0,252}$/,
    meaning:
      'name of the log in its checkpoints, which clients compare with the host of its URL; fixed at the first start',
  },
  {
    name: 'guard',
    kind: 'path',
    default: undefined,
    meaning: 'guard file, best on another volume; unset: `guard` in the data folder',
  },
  {
    name: 'adopt-guard',
    kind: 'boolean',
    default: false,
    meaning: 'make the guard anew from the store at this start; read docs/operating.md first',
  },
  {
    name: 'signing-key',
    kind: 'path',
    default: undefined,
    meaning:
      "PEM key that signs entries and checkpoints (P-256, P-384, P-521, Ed25519, RSA); unset: the log's own, made at the first start",
  },
  {
    name: 'tile-key',
    kind: 'path',
    default: undefined,
    meaning: "PEM Ed25519 key of the tile side; unset: the log's own, made at the first start",
  },
  {
    name: 'signing-key-passphrase-file',
    kind: 'path',
    default: undefined,
    meaning:
      'file whose first line decrypts the key files; instead of STELE_SIGNING_KEY_PASSPHRASE',
  },
  ...TIMESTAMP_OPTIONS,
  {
    name: 'enabled-api-endpoints',
    kind: 'list',
    default: API_ENDPOINTS,
    choices: API_ENDPOINTS,
    meaning: 'endpoints that answer; the others answer 501',
  },
  {
    name: 'enable-retrieve-api',
    kind: 'boolean',
    default: true,
    meaning:
      'true adds searchIndex to `enabled-api-endpoints`, false takes nothing away; as in Rekor',
  },
  {
    name: 'enabled-entry-types',
    kind: 'list',
    default: KNOWN_KINDS,
    choices: KNOWN_KINDS,
    finer: { choices: KIND_VERSIONS, text: 'KIND:VERSION' },
    meaning: 'entry kinds that may be submitted, or versions of them; reading stays as it is',
  },
  {
    name: 'duplicates',
    kind: 'choice',
    default: 'conflict',
    choices: DUPLICATE_ANSWERS,
    meaning:
      'answer to an entry that the log has: 409 as Rekor, 409 with the stored entry in its body, or 201 with the stored entry',
  },
  {
    name: 'client-signing-algorithms',
    kind: 'list',
    default: DEFAULT_SIGNATURE_ALGORITHMS,
    choices: SIGNATURE_ALGORITHM_NAMES,
    meaning: 'algorithms that a hashedrekord may be signed with',
  },
  {
    name: 'max-request-body-size',
    kind: 'integer',
    default: 32 * 1024 ** 2,
    least: 0,
    most: GIBIBYTE,
    meaning:
      'largest request body, bytes; above it 413; 0: no limit but the one on all bodies together',
  },
  {
    name: 'enable-attestation-storage',
    kind: 'boolean',
    default: true,
    meaning: 'keep attestations beside their entries and return them',
  },
  {
    name: 'max-attestation-size',
    kind: 'integer',
    default: 102_400,
    least: 0,
    most: GIBIBYTE,
    meaning: 'largest attestation that is kept, bytes',
  },
  {
    name: 'enable-dsse-attestations',
    kind: 'boolean',
    default: false,
    meaning: 'keep the payloads of dsse entries as attestations too',
  },
  {
    name: 'max-jar-metadata-size',
    kind: 'integer',
    default: DEFAULT_ENTRY_LIMITS.jarMetadataBytes,
    least: 0,
    most: GIBIBYTE,
    meaning: 'largest META-INF file of a jar, uncompressed bytes; 0: the built-in bound alone',
  },
  {
    name: 'max-apk-metadata-size',
    kind: 'integer',
    default: DEFAULT_ENTRY_LIMITS.apkMetadataBytes,
    least: 0,
    most: GIBIBYTE,
    meaning:
      'largest signature or control part of an apk, uncompressed bytes; 0: the built-in bound alone',
  },
  {
    name: 'max-entry-size',
    kind: 'sizes',
    default: {},
    names: KNOWN_KINDS,
    most: GIBIBYTE,
    meaning:
      "largest proposal of a kind: characters in all its strings, of which base64 takes 4 for 3 bytes; a kind that is not named has the body's bound alone",
  },
  {
    name: 'max-signatures',
    kind: 'integer',
    default: DEFAULT_ENTRY_LIMITS.signatures,
    least: 1,
    most: 10_000,
    meaning: 'most signatures in one entry',
  },
  {
    name: 'max-verifiers',
    kind: 'integer',
    default: DEFAULT_ENTRY_LIMITS.verifiers,
    least: 1,
    most: 10_000,
    meaning: 'most keys and certificates in one entry',
  },
  {
    name: 'max-subjects',
    kind: 'integer',
    default: DEFAULT_ENTRY_LIMITS.subjects,
    least: 1,
    most: 100_000,
    meaning: 'most subjects and materials in one in-toto statement',
  },
  {
    name: 'max-index-keys',
    kind: 'integer',
    default: DEFAULT_ENTRY_LIMITS.indexKeys,
    least: 1,
    most: 100_000,
    meaning:
      'most search keys of one entry; of terms of the richer search eight times as many, at most 65536',
  },
  {
    name: 'entry-workers',
    kind: 'integer',
    default: 1,
    least: 1,
    most: 16,
    meaning: 'threads that read archives, OpenPGP and CMS',
  },
  {
    name: 'entry-time-limit-ms',
    kind: 'integer',
    default: 5_000,
    least: 100,
    most: 120_000,
    meaning: 'time that one such entry may take, milliseconds; above it 400',
  },
  {
    name: 'entry-memory-limit-mb',
    kind: 'integer',
    default: 256,
    least: 64,
    most: 4_096,
    meaning: 'memory that each of these threads may use, MiB',
  },
  {
    name: 'v2-tree',
    kind: 'choice',
    default: 'own',
    choices: V2_TREES,
    meaning:
      'tree that the v2 API writes to: one of its own, which monitors of either API can read, or that of the v1 API; fixed at the first start',
  },
  {
    name: 'genesis-entry',
    kind: 'boolean',
    default: true,
    meaning:
      'begin a new log of the v2 API with an entry of its own: clients write bundles of entry 0 that others cannot read',
  },
  {
    name: 'v2-dsse',
    kind: 'choice',
    default: 'accept',
    choices: V2_DSSE,
    meaning:
      'DSSE envelopes in the v2 API: Java and JavaScript clients send them, Go and Python clients refuse to verify them',
  },
  {
    name: 'strict-key-details',
    kind: 'boolean',
    default: true,
    meaning: 'in the v2 API, refuse a key that is not of the algorithm that its `keyDetails` name',
  },
  {
    name: 'serve-v2-reads',
    kind: 'boolean',
    default: true,
    meaning:
      'checkpoint and tiles below /api/v2 too; false answers 501 there, as Rekor v2, and at the root they stay',
  },
  ...TRUST_OPTIONS,
  ...WITNESS_OPTIONS,
  ...WATCH_OPTIONS,
  {
    name: 'max-pending-entries',
    kind: 'integer',
    default: 8_192,
    least: 1,
    most: 1_000_000,
    meaning: 'entries that may wait to be written; above it 503 with Retry-After',
  },
  {
    name: 'max-pending-bytes',
    kind: 'integer',
    default: 64 * 1024 ** 2,
    least: 1024 ** 2,
    most: 4 * GIBIBYTE,
    meaning: 'bytes of entries that may wait to be written; above it 503 with Retry-After',
  },
  {
    name: 'max-connections',
    kind: 'integer',
    default: 5_000,
    least: 1,
    most: 1_000_000,
    meaning: 'open connections of the API; further ones are closed at once',
  },
  {
    name: 'request-timeout-seconds',
    kind: 'integer',
    default: 130,
    least: 1,
    most: 3_600,
    meaning: 'time in which a request must have arrived whole, seconds',
  },
  {
    name: 'http-request-id-header-name',
    kind: 'text',
    default: 'X-Request-Id',
    pattern: /^[A-Za-z0-9-]{1,64}$/,
    meaning: 'request header whose value names the request in the log lines',
  },
  {
    name: 'log-level',
    kind: 'choice',
    default: 'info',
    choices: LOG_LEVELS,
    meaning: 'least severe log line that is written',
  },
] as const satisfies readonly OptionRow[];

/** The environment variable that holds the passphrase of the key files; it has no flag on purpose. */
export const PASSPHRASE_VARIABLE = 'STELE_SIGNING_KEY_PASSPHRASE';
