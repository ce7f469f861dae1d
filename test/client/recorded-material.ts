/** What the client of a recorded submission had in its hands: the artifact, the key, and the leaf that came of it. */

import { proposedEntry, recordedEntries } from '../entries/recorded.js';

/** A recorded entry with what it is of. */
export interface RecordedMaterial {
  readonly name: string;
  readonly leaf: Uint8Array;
  readonly artifact: Uint8Array;
  /** Undefined where an entry names none. */
  readonly key: Uint8Array | undefined;
  /** Of the key, as the entry names it. */
  readonly format: string;
}

type Row = readonly [
  format: string,
  artifact: (spec: unknown) => Uint8Array,
  key: (spec: unknown, leaf: unknown) => Uint8Array | undefined,
];

/** How artifact and key are found in a proposal, by `kind version`. */
const ROWS: Readonly<Record<string, Row>> = {
  'alpine 0.0.1': packageRow('x509'),
  'cose 0.0.1': ['x509', (spec) => bytes(spec, 'message'), (spec) => bytes(spec, 'publicKey')],
  'dsse 0.0.1': [
    'x509',
    (spec) => text(spec, 'proposedContent', 'envelope'),
    (spec) => bytes(spec, 'proposedContent', 'verifiers', 0),
  ],
  'helm 0.0.1': [
    'pgp',
    (spec) => bytes(spec, 'chart', 'provenance', 'content'),
    (spec) => bytes(spec, 'publicKey', 'content'),
  ],
  'intoto 0.0.1': [
    'x509',
    (spec) => text(spec, 'content', 'envelope'),
    (spec) => bytes(spec, 'publicKey'),
  ],
  'intoto 0.0.2': [
    'x509',
    envelopeOfMembers,
    (spec) => bytes(spec, 'content', 'envelope', 'signatures', 0, 'publicKey'),
  ],
  // The archive carries the key; as a certificate it stands in what was stored.
  'jar 0.0.1': [
    'x509',
    (spec) => bytes(spec, 'archive', 'content'),
    (_, leaf) => bytes(leaf, 'spec', 'signature', 'publicKey', 'content'),
  ],
  'rekord 0.0.1': [
    'signature.format',
    (spec) => bytes(spec, 'data', 'content'),
    (spec) => bytes(spec, 'signature', 'publicKey', 'content'),
  ],
  'rfc3161 0.0.1': ['none', (spec) => bytes(spec, 'tsr', 'content'), () => undefined],
  'rpm 0.0.1': packageRow('pgp'),
  'tuf 0.0.1': [
    'tuf',
    (spec) => json(spec, 'metadata', 'content'),
    (spec) => json(spec, 'root', 'content'),
  ],
};

/** Every form of entry that is compared by making its leaf again. */
export const MATERIAL_FORMS: readonly string[] = Object.keys(ROWS);

/** Returns what was stored of one `kind version`, in order, each leaf once. */
export function recordedMaterial(form: string): readonly RecordedMaterial[] {
  const [kind = '', version] = form.split(' ');
  const [format, artifact, key] = ROWS[form] as Row;
  const found = new Map<string, RecordedMaterial>();
  for (const { name, body, expect } of recordedEntries(kind)) {
    if (!('leafHash' in expect) || expect.leaf === undefined) continue;
    const { apiVersion, spec } = proposedEntry(body);
    if (apiVersion !== version || found.has(expect.leaf)) continue;
    found.set(expect.leaf, {
      name: `${form} ${name}`,
      leaf: Buffer.from(expect.leaf),
      artifact: artifact(spec),
      key: key(spec, JSON.parse(expect.leaf)),
      format: format.includes('.') ? String(member(spec, ...format.split('.'))) : format,
    });
  }
  return [...found.values()];
}

function packageRow(format: string): Row {
  return [
    format,
    (spec) => bytes(spec, 'package', 'content'),
    (spec) => bytes(spec, 'publicKey', 'content'),
  ];
}

/** The proposal has the envelope in members of its own, its texts in base64 once more. */
function envelopeOfMembers(spec: unknown): Uint8Array {
  const envelope = member(spec, 'content', 'envelope');
  const signatures = member(envelope, 'signatures') as readonly unknown[];
  return Buffer.from(
    JSON.stringify({
      payloadType: member(envelope, 'payloadType'),
      payload: Buffer.from(bytes(envelope, 'payload')).toString(),
      signatures: signatures.map((one) => ({ sig: Buffer.from(bytes(one, 'sig')).toString() })),
    }),
  );
}

function member(value: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (found, name) => (found as Readonly<Record<string | number, unknown>>)[name],
    value,
  );
}

function text(spec: unknown, ...path: readonly (string | number)[]): Uint8Array {
  return Buffer.from(String(member(spec, ...path)));
}

function bytes(spec: unknown, ...path: readonly (string | number)[]): Uint8Array {
  return Buffer.from(String(member(spec, ...path)), 'base64');
}

function json(spec: unknown, ...path: readonly (string | number)[]): Uint8Array {
  const value = member(spec, ...path);
  return typeof value === 'string'
    ? Buffer.from(value, 'base64')
    : Buffer.from(JSON.stringify(value));
}
