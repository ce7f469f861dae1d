/** Every place where a proposal of any kind has a key or a certificate. */

import { createHash, type KeyObject, sign } from 'node:crypto';
import { canonicalJson } from '../../src/encoding/canonical-json.js';
import type { ProposedEntry } from '../../src/entries/entry-kind.js';
import { preAuthenticationEncoding } from '../../src/entries/shared/dsse-envelope.js';
import { storedEntry } from '../entries/recorded.js';

/** Key material, and what signs with it where there is such a thing. */
export interface KeyMaterial {
  readonly content: Uint8Array | string;
  readonly privateKey?: KeyObject;
}

const ARTIFACT = Buffer.from('an artifact');
const PAYLOAD = Buffer.from('{"_type":"https://in-toto.io/Statement/v1","subject":[]}');
const PAYLOAD_TYPE = 'application/vnd.in-toto+json';

const base64 = (bytes: Uint8Array | string): string =>
  Buffer.from(bytes as string).toString('base64');

/** Proposals with one key each, by place. */
export function proposalsWithKey(key: KeyMaterial): Readonly<Record<string, ProposedEntry>> {
  const content = base64(key.content);
  const signed = (message: Uint8Array, ieee = false) => base64(signature(key, message, ieee));
  const pae = preAuthenticationEncoding(PAYLOAD_TYPE, PAYLOAD);
  const sig = signed(pae);
  const envelope = { payloadType: PAYLOAD_TYPE, payload: base64(PAYLOAD), signatures: [{ sig }] };
  const hash = { algorithm: 'sha256', value: createHash('sha256').update(ARTIFACT).digest('hex') };
  const of = (kind: string, spec: unknown, apiVersion = '0.0.1') => ({ kind, apiVersion, spec });
  const rekord = (format: string) =>
    of('rekord', {
      signature: { format, content: signed(ARTIFACT), publicKey: { content } },
      data: { content: base64(ARTIFACT) },
    });
  const envelopeText = canonicalJson(envelope);
  return {
    hashedrekord: of('hashedrekord', {
      data: { hash },
      signature: { content: signed(ARTIFACT), publicKey: { content } },
    }),
    dsse: of('dsse', { proposedContent: { envelope: envelopeText, verifiers: [content] } }),
    'intoto 0.0.1': of('intoto', { content: { envelope: envelopeText }, publicKey: content }),
    'intoto 0.0.2': of(
      'intoto',
      {
        content: {
          envelope: {
            payloadType: PAYLOAD_TYPE,
            payload: base64(base64(PAYLOAD)),
            signatures: [{ sig: base64(sig), publicKey: content }],
          },
          hash,
        },
      },
      '0.0.2',
    ),
    cose: of('cose', { message: base64(coseMessage(key)), publicKey: content, data: {} }),
    'rekord x509': rekord('x509'),
    'rekord pgp': rekord('pgp'),
    'rekord ssh': rekord('ssh'),
    'rekord minisign': rekord('minisign'),
    alpine: withKey('alpine', 'rsa2048', content),
    rpm: withKey('rpm', 'rsa', content),
    helm: withKey('helm', 'rsa', content),
    tuf: of('tuf', { metadata: { content }, root: { content } }),
  };
}

/** Searches for a key, by format. */
export function searchesForKey({ content }: KeyMaterial): readonly unknown[] {
  return ['x509', 'pgp', 'ssh', 'minisign', 'tuf'].map((format) => ({
    publicKey: { format, content: base64(content) },
  }));
}

function withKey(kind: string, name: string, content: string): ProposedEntry {
  const { apiVersion, spec } = storedEntry(kind, name);
  return { kind, apiVersion, spec: { ...(spec as object), publicKey: { content } } };
}

/** A signature, or bytes that are none where the key makes no signatures. */
function signature({ privateKey }: KeyMaterial, message: Uint8Array, ieee: boolean): Uint8Array {
  if (privateKey === undefined) return Buffer.alloc(64, 7);
  const hash = privateKey.asymmetricKeyType?.startsWith('ed') === true ? null : 'sha256';
  try {
    const dsaEncoding = ieee ? 'ieee-p1363' : 'der';
    return sign(hash, message, { key: privateKey, dsaEncoding });
  } catch {
    // A key for other things than signatures.
    return Buffer.alloc(64, 7);
  }
}

/** A COSE_Sign1 under the algorithm of the key, ES256 where there is none. */
function coseMessage(key: KeyMaterial): Uint8Array {
  const isEdwards = key.privateKey?.asymmetricKeyType?.startsWith('ed') === true;
  const header = Buffer.of(0xa1, 0x01, isEdwards ? 0x27 : 0x26);
  const toSign = Buffer.concat([
    Buffer.from('846a5369676e617475726531', 'hex'),
    byteString(header),
    byteString(Buffer.alloc(0)),
    byteString(ARTIFACT),
  ]);
  const parts = [byteString(header), Buffer.of(0xa0), byteString(ARTIFACT)];
  const made = byteString(signature(key, toSign, true));
  return Buffer.concat([Buffer.of(0xd2, 0x84), ...parts, made]);
}

function byteString(bytes: Uint8Array): Buffer {
  const head =
    bytes.length < 24 ? [0x40 + bytes.length] : [0x59, bytes.length >> 8, bytes.length & 255];
  return Buffer.concat([Buffer.from(head), bytes]);
}
