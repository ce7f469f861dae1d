import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, it } from 'node:test';
import { ClientTrustConfig, SigningConfig, TrustedRoot } from '@sigstore/protobuf-specs';
import { readJson } from '../../src/client/json-reader.js';
import { readTrustedRoot } from '../../src/client/trusted-log.js';
import { toHex } from '../../src/encoding/hex.js';
import { TRUST_FILES, trustDocuments } from '../../src/trust/documents.js';
import { type LogAnchor, logIDs, startOfDay } from '../../src/trust/log-anchor.js';
import { NO_MATERIAL, type TrustMaterial } from '../../src/trust/material.js';
import { vectorLines } from '../vectors.js';

const derOf = (key: KeyObject): Uint8Array =>
  Uint8Array.from(key.export({ type: 'spki', format: 'der' }));
const p256 = derOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey);
const ed25519 = derOf(generateKeyPairSync('ed25519').publicKey);
const sha256 = (...parts: readonly Uint8Array[]): Buffer =>
  createHash('sha256').update(Buffer.concat(parts)).digest();
const seconds = (text: string): number => Date.parse(text) / 1000;

function anchor(parts: Partial<LogAnchor> = {}): LogAnchor {
  return {
    hostname: 'log.example.org',
    publicKeyDer: p256,
    verifierKeys: ['log.example.org+00000000+AA==', 'log.example.org+00000001+AQ=='],
    publicUrl: 'https://log.example.org',
    validFromSeconds: seconds('2026-11-22T00:00:00Z'),
    operator: 'example.org',
    signingApis: ['v1', 'v2'],
    ...parts,
  };
}

const older = {
  startSeconds: seconds('2025-01-01T00:00:00Z'),
  endSeconds: seconds('2026-01-01T00:00:00Z'),
};
const newer = { startSeconds: seconds('2026-01-01T00:00:00Z') };
const service = (url: string, validFor: typeof newer) => ({
  url,
  validFor,
  operator: 'example.org',
});
const authority = (url: string, validFor: typeof newer) => ({
  ...service(url, validFor),
  certificates: [Uint8Array.of(1), Uint8Array.of(2)],
  subject: { organization: 'o', commonName: 'c' },
});
const material: TrustMaterial = {
  otherLogs: [],
  certificateAuthorities: [
    authority('https://ca.example.org/new', newer),
    authority('https://ca.example.org/old', older),
  ],
  ctLogs: [{ ...service('https://ct.example.org/log', newer), publicKeyDer: p256 }],
  timestampAuthorities: [authority('https://tsa.example.org/api/v1/timestamp', newer)],
  identityProviders: [service('https://login.example.org/auth', newer)],
};

describe('the trusted root', () => {
  it('has one log for both APIs when the key is ECDSA', () => {
    const text = trustDocuments(anchor(), NO_MATERIAL)['trusted-root.json'];
    assert.deepEqual(JSON.parse(text), {
      mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
      tlogs: [
        {
          baseUrl: 'https://log.example.org',
          hashAlgorithm: 'SHA2_256',
          publicKey: {
            rawBytes: Buffer.from(p256).toString('base64'),
            keyDetails: 'PKIX_ECDSA_P256_SHA_256',
            validFor: { start: '2026-11-22T00:00:00Z' },
          },
          logId: { keyId: sha256(p256).toString('base64') },
          operator: 'example.org',
        },
      ],
      certificateAuthorities: [],
      ctlogs: [],
      timestampAuthorities: [],
    });
  });

  it('has one log for each API when the key is Ed25519: the same key under two IDs', () => {
    const { tlogs } = TrustedRoot.fromJSON(
      JSON.parse(
        trustDocuments(anchor({ publicKeyDer: ed25519 }), NO_MATERIAL)['trusted-root.json'],
      ),
    );
    const c2sp = sha256(Buffer.from('log.example.org\n\x01', 'latin1'), ed25519.slice(-32));
    assert.deepEqual(
      tlogs.map(({ logId }) => logId?.keyId),
      [sha256(ed25519), c2sp],
    );
    for (const { publicKey } of tlogs) {
      assert.deepEqual(publicKey?.rawBytes, Buffer.from(ed25519));
      assert.equal(publicKey?.keyDetails, 7);
    }
  });

  it('names the log by its own name, wherever it is reached', () => {
    const publicUrl = 'http://10.0.0.1:3000/rekor';
    const documents = trustDocuments(anchor({ publicUrl }), NO_MATERIAL);
    assert.equal(
      JSON.parse(documents['trusted-root.json']).tlogs[0].baseUrl,
      'https://log.example.org',
    );
    assert.equal(JSON.parse(documents['signing-config.json']).rekorTlogUrls[0].url, publicUrl);
  });

  for (const [curve, details] of [
    ['P-384', 'PKIX_ECDSA_P384_SHA_256'],
    ['P-521', 'PKIX_ECDSA_P521_SHA_256'],
  ] as const) {
    it(`says of a log on ${curve} that it signs SHA-256, and of a certificate log what is usual`, () => {
      const publicKeyDer = derOf(generateKeyPairSync('ec', { namedCurve: curve }).publicKey);
      const ctLogs = [{ ...service('https://ct.example.org', newer), publicKeyDer }];
      const root = JSON.parse(
        trustDocuments(anchor({ publicKeyDer }), { ...material, ctLogs })['trusted-root.json'],
      );
      assert.equal(root.tlogs.length, 1);
      assert.equal(root.tlogs[0].publicKey.keyDetails, details);
      assert.equal(
        root.ctlogs[0].publicKey.keyDetails,
        curve === 'P-384' ? 'PKIX_ECDSA_P384_SHA_384' : 'PKIX_ECDSA_P521_SHA_512',
      );
    });
  }

  for (const [bits, size] of [
    [2048, 2048],
    [2056, 2048],
    [3072, 3072],
    [4096, 4096],
  ] as const) {
    it(`names an RSA key of ${bits} bits by the size ${size}, in two logs`, () => {
      const publicKeyDer = derOf(generateKeyPairSync('rsa', { modulusLength: bits }).publicKey);
      const { tlogs } = JSON.parse(
        trustDocuments(anchor({ publicKeyDer }), NO_MATERIAL)['trusted-root.json'],
      );
      const names = tlogs.map(
        (log: { publicKey: { keyDetails: string } }) => log.publicKey.keyDetails,
      );
      assert.deepEqual(names, Array(2).fill(`PKIX_RSA_PKCS1V15_${size}_SHA256`));
    });
  }

  it('has authorities and certificate logs, the oldest first, with both ends of their time', () => {
    const root = JSON.parse(trustDocuments(anchor(), material)['trusted-root.json']);
    assert.deepEqual(root.certificateAuthorities[0], {
      subject: { organization: 'o', commonName: 'c' },
      uri: 'https://ca.example.org/old',
      certChain: { certificates: [{ rawBytes: 'AQ==' }, { rawBytes: 'Ag==' }] },
      validFor: { start: '2025-01-01T00:00:00Z', end: '2026-01-01T00:00:00Z' },
      operator: 'example.org',
    });
    assert.equal(root.certificateAuthorities[1].uri, 'https://ca.example.org/new');
    assert.deepEqual(root.certificateAuthorities[1].validFor, { start: '2026-01-01T00:00:00Z' });
    assert.equal(root.timestampAuthorities[0].uri, 'https://tsa.example.org/api/v1/timestamp');
    assert.equal(root.ctlogs[0].baseUrl, 'https://ct.example.org/log');
    assert.equal(root.ctlogs[0].logId.keyId, sha256(p256).toString('base64'));
  });

  it('has other logs that stay trusted, the oldest first, and none of them twice', () => {
    const otherLogs = [
      { ...service('https://old.example.org', older), publicKeyDer: ed25519 },
      { ...service('https://log.example.org', older), publicKeyDer: p256 },
    ];
    const documents = trustDocuments(anchor(), { ...material, otherLogs });
    const { tlogs } = JSON.parse(documents['trusted-root.json']);
    const { v1, v2 } = logIDs('old.example.org', ed25519);
    const ids = [v1, v2, sha256(p256)].map((id) => Buffer.from(id).toString('base64'));
    assert.deepEqual(
      tlogs.map((log: { logId: { keyId: string } }) => log.logId.keyId),
      ids,
    );
    assert.equal(tlogs[0].baseUrl, 'https://old.example.org');
    assert.deepEqual(tlogs[0].publicKey.validFor, {
      start: '2025-01-01T00:00:00Z',
      end: '2026-01-01T00:00:00Z',
    });
    assert.deepEqual(tlogs[2].publicKey.validFor, { start: '2026-11-22T00:00:00Z' });
    assert.equal(JSON.parse(documents['signing-config.json']).rekorTlogUrls.length, 2);
  });

  it('is one that stele verify trusts', () => {
    for (const publicKeyDer of [p256, ed25519]) {
      const text = trustDocuments(anchor({ publicKeyDer }), material)['trusted-root.json'];
      const logs = readTrustedRoot(readJson(text, 'trusted-root.json'));
      const { v1, v2 } = logIDs('log.example.org', publicKeyDer);
      const ids = logs.map(({ logID }) => toHex(logID));
      assert.deepEqual(ids, [...new Set([toHex(v1), toHex(v2)])]);
      assert.equal(logs[0]?.host, 'log.example.org');
      assert.equal(logs[0]?.validFromSeconds, seconds('2026-11-22T00:00:00Z'));
    }
  });
});

describe('the signing config', () => {
  const config = (log: LogAnchor, given = material) =>
    JSON.parse(trustDocuments(log, given)['signing-config.json']);

  it('has the log under both APIs, the higher one first', () => {
    const log = {
      url: 'https://log.example.org',
      validFor: { start: '2026-11-22T00:00:00Z' },
      operator: 'example.org',
    };
    const { rekorTlogUrls, rekorTlogConfig } = config(anchor());
    assert.deepEqual(
      rekorTlogUrls,
      [
        { ...log, majorApiVersion: 2 },
        { ...log, majorApiVersion: 1 },
      ].map(({ url, majorApiVersion, ...rest }) => ({ url, majorApiVersion, ...rest })),
    );
    assert.deepEqual(rekorTlogConfig, { selector: 'ANY' });
  });

  it('has it under the APIs that are offered alone', () => {
    for (const [api, majorApiVersion] of [
      ['v1', 1],
      ['v2', 2],
    ] as const) {
      const { rekorTlogUrls } = config(anchor({ signingApis: [api] }));
      assert.deepEqual(
        rekorTlogUrls.map((log: object) => 'majorApiVersion' in log && log.majorApiVersion),
        [majorApiVersion],
      );
    }
  });

  it('has the other services, the newest first', () => {
    const { caUrls, oidcUrls, tsaUrls, tsaConfig } = config(anchor());
    assert.deepEqual(caUrls, [
      {
        url: 'https://ca.example.org/new',
        majorApiVersion: 1,
        validFor: { start: '2026-01-01T00:00:00Z' },
        operator: 'example.org',
      },
      {
        url: 'https://ca.example.org/old',
        majorApiVersion: 1,
        validFor: { start: '2025-01-01T00:00:00Z', end: '2026-01-01T00:00:00Z' },
        operator: 'example.org',
      },
    ]);
    assert.equal(oidcUrls[0].url, 'https://login.example.org/auth');
    assert.equal(tsaUrls[0].url, 'https://tsa.example.org/api/v1/timestamp');
    assert.deepEqual(tsaConfig, { selector: 'ANY' });
  });

  it('says nothing of how to choose among no timestamp authorities: sigstore-js would want one', () => {
    assert.ok(!('tsaConfig' in config(anchor(), NO_MATERIAL)));
  });
});

describe('the documents', () => {
  it('are read by the protobuf messages of Sigstore without a loss', () => {
    for (const publicKeyDer of [p256, ed25519]) {
      const documents = trustDocuments(anchor({ publicKeyDer }), material);
      const both = JSON.parse(documents['client-trust-config.json']);
      const root = JSON.parse(documents['trusted-root.json']);
      const config = JSON.parse(documents['signing-config.json']);
      // Their times keep milliseconds, and print them.
      const plain = (value: unknown) => JSON.parse(JSON.stringify(value).replaceAll('.000Z', 'Z'));
      assert.deepEqual(plain(TrustedRoot.toJSON(TrustedRoot.fromJSON(root))), root);
      assert.deepEqual(plain(SigningConfig.toJSON(SigningConfig.fromJSON(config))), config);
      assert.deepEqual(plain(ClientTrustConfig.toJSON(ClientTrustConfig.fromJSON(both))), both);
      assert.deepEqual([both.trustedRoot, both.signingConfig], [root, config]);
    }
  });

  it('are the same bytes each time, and end with a newline', () => {
    const documents = trustDocuments(anchor(), material);
    assert.deepEqual(trustDocuments(anchor(), material), documents);
    assert.deepEqual(Object.keys(documents), [...TRUST_FILES]);
    for (const file of TRUST_FILES) assert.match(documents[file], /[^\n]\n$/, file);
  });

  it('keep the members in the order of the messages', () => {
    const documents = trustDocuments(anchor(), material);
    const members = (text: string) => Object.keys(JSON.parse(text));
    assert.deepEqual(members(documents['trusted-root.json']), [
      'mediaType',
      'tlogs',
      'certificateAuthorities',
      'ctlogs',
      'timestampAuthorities',
    ]);
    assert.deepEqual(members(documents['signing-config.json']), [
      'mediaType',
      'caUrls',
      'oidcUrls',
      'rekorTlogUrls',
      'rekorTlogConfig',
      'tsaUrls',
      'tsaConfig',
    ]);
    assert.deepEqual(members(documents['client-trust-config.json']), [
      'mediaType',
      'trustedRoot',
      'signingConfig',
    ]);
  });

  it('hold the key in PEM and the verifier keys, one a line', () => {
    const documents = trustDocuments(anchor(), NO_MATERIAL);
    const pem = documents['log.pub'];
    assert.match(pem, /^-----BEGIN PUBLIC KEY-----\n[\s\S]*-----END PUBLIC KEY-----\n$/);
    assert.equal(
      documents['log.vkey'],
      anchor()
        .verifierKeys.map((key) => `${key}\n`)
        .join(''),
    );
  });
});

describe('the ID of a log in the v2 API', () => {
  it('is the one that Rekor v2 gives', () => {
    for (const { origin, publicKey, logID } of vectorLines<Record<string, string>>(
      'trust/log-ids.jsonl',
    )) {
      const der = Uint8Array.from(Buffer.from(publicKey as string, 'base64'));
      assert.equal(toHex(logIDs(origin as string, der).v2), logID, origin);
    }
  });
});

describe('the day of a moment', () => {
  it('begins at midnight in UTC', () => {
    const midnight = seconds('2026-11-22T00:00:00Z');
    assert.equal(startOfDay(midnight), midnight);
    assert.equal(startOfDay(midnight + 86_399), midnight);
    assert.equal(startOfDay(midnight + 86_400), midnight + 86_400);
  });
});
