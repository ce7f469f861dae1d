import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { test } from 'node:test';
import { concatBytes, utf8 } from '../../src/encoding/bytes.js';
import { encodePem } from '../../src/encoding/pem.js';
import { encodeArmor } from '../../src/pki/pgp/armor.js';
import { serializePacket } from '../../src/pki/pgp/packet-header.js';
import { MAX_SSH_KEY_LENGTH } from '../../src/pki/ssh/authorized-keys.js';
import { wireStrings } from '../../src/pki/ssh/wire.js';
import { signersOfEveryKind } from '../entries/envelope-fixture.js';
import { jarOf } from '../entries/jar-builder.js';
import { storedEntry } from '../entries/recorded.js';
import { forgeKey, forgeRing, forgeUserId, keyPacket } from '../pki/pgp-forge.js';
import {
  messageSigner,
  OID,
  sequence,
  set,
  signedMessage,
  timestampResponse,
  tokenInfo,
} from '../pki/pkcs7-builder.js';
import { type KeyMaterial, proposalsWithKey, searchesForKey } from './key-slots.js';
import {
  certificateOf,
  certificatePem,
  nameOf,
  ODD_NAMES,
  ODD_VALUES,
} from './odd-certificates.js';
import { ServedLog } from './served-log.js';

const log = await ServedLog.start();

/** Submits a key in every place of every kind, and searches for it in every format; returns where it was accepted. */
async function placesThatAccept(key: KeyMaterial, what: string): Promise<string[]> {
  const accepted: string[] = [];
  for (const [place, proposal] of Object.entries(proposalsWithKey(key))) {
    const { status, text } = await log.submit(proposal);
    assert.ok(status === 201 || status === 400, `${what} in ${place}: ${status} ${text}`);
    if (status === 201) accepted.push(place);
  }
  for (const search of searchesForKey(key)) {
    const { status, text } = await log.post('/api/v1/index/retrieve', search);
    assert.ok(status === 200 || status === 400, `${what}, searched: ${status} ${text}`);
  }
  return accepted;
}

const X509_PLACES = ['hashedrekord', 'dsse', 'intoto 0.0.1', 'intoto 0.0.2', 'cose', 'rekord x509'];

/** Where hashing or the default algorithms forbid nothing; an algorithm that is not named is accepted nowhere. */
const LENIENT_PLACES = ['dsse', 'intoto 0.0.1', 'intoto 0.0.2', 'rekord x509'];

const PLACES_OF: Readonly<Record<string, readonly string[]>> = {
  'P-224': LENIENT_PLACES,
  'P-256': X509_PLACES,
  'P-384': LENIENT_PLACES,
  'P-521': LENIENT_PLACES,
  'RSA-1024': LENIENT_PLACES,
  'RSA-2048': X509_PLACES.filter((place) => place !== 'cose'),
  Ed25519: LENIENT_PLACES,
};

const MORE_KEYS: Readonly<Record<string, () => { privateKey: KeyObject; publicKey: KeyObject }>> = {
  Ed448: () => generateKeyPairSync('ed448'),
  X25519: () => generateKeyPairSync('x25519'),
  X448: () => generateKeyPairSync('x448'),
  'DSA-1024': () => generateKeyPairSync('dsa', { modulusLength: 1024, divisorLength: 160 }),
  'RSA-PSS-2048': () => generateKeyPairSync('rsa-pss', { modulusLength: 2048 }),
  'RSA-512': () => generateKeyPairSync('rsa', { modulusLength: 512 }),
  brainpoolP256r1: () => generateKeyPairSync('ec', { namedCurve: 'brainpoolP256r1' }),
};

const algorithms: Readonly<Record<string, KeyMaterial>> = Object.fromEntries([
  ...Object.entries(signersOfEveryKind()).map(([name, { privateKey, pem }]) => [
    name,
    { content: pem, privateKey },
  ]),
  ...Object.entries(MORE_KEYS).map(([name, make]) => {
    const { privateKey, publicKey } = make();
    return [name, { content: publicKey.export({ type: 'spki', format: 'pem' }), privateKey }];
  }),
]);

for (const [name, key] of Object.entries(algorithms)) {
  test(`I8: a ${name} key in every kind and every search: 201 or 400`, async () => {
    const accepted = await placesThatAccept(key, name);
    assert.deepEqual(accepted, PLACES_OF[name] ?? []);
  });
}

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

for (const [name, value] of Object.entries(ODD_VALUES)) {
  test(`I6 GHSA-843x-px86-vq42: a certificate with ${name} for a name: 201 or 400 in every kind`, async () => {
    for (const parts of [
      { subject: nameOf(value) },
      { subject: nameOf(value, OID.data) },
      { issuer: nameOf(value) },
    ]) {
      const content = certificatePem(privateKey, parts);
      const accepted = await placesThatAccept({ content, privateKey }, name);
      assert.deepEqual(accepted, name === 'an empty text' ? X509_PLACES : [], name);
    }
    await assertInMessages(certificateOf(privateKey, { subject: nameOf(value) }), name);
  });
}

for (const [name, names] of Object.entries(ODD_NAMES)) {
  test(`I6 GHSA-843x-px86-vq42: a certificate whose alternative names are ${name}: 201 or 400 in every kind`, async () => {
    const content = certificatePem(privateKey, { names });
    const accepted = await placesThatAccept({ content, privateKey }, name);
    // One verdict, wherever the certificate comes from.
    assert.deepEqual(accepted, accepted.length === 0 ? [] : X509_PLACES);
    await assertInMessages(certificateOf(privateKey, { names }), name);
  });
}

/** Jars and timestamps bring their certificates along. */
async function assertInMessages(certificate: Uint8Array, what: string): Promise<void> {
  for (const certificates of [
    [certificate],
    [certificate, ec.certificate],
    [ec.certificate, certificate],
  ]) {
    await assertAnswered(jar({ certificates }), what);
    await assertAnswered(timestamp({ certificates }), what);
  }
}

async function assertAnswered(proposal: unknown, what: string, ...statuses: number[]) {
  const expected = statuses.length === 0 ? [201, 400, 409] : statuses;
  const { status, text } = await log.submit(proposal);
  assert.ok(expected.includes(status), `${what}: ${status} ${text}`);
}

const ec = messageSigner('ec');
const base64 = (bytes: Uint8Array | string): string =>
  Buffer.from(bytes as string).toString('base64');
const proposalOf = (kind: string, spec: unknown) => ({ kind, apiVersion: '0.0.1', spec });

type Parts = Partial<Parameters<typeof signedMessage>[1]>;

function jar(message: Parts): unknown {
  const content = base64(jarOf(ec, { files: [{ name: 'a', content: 'a' }], message }));
  return proposalOf('jar', { archive: { content } });
}

function timestamp(message: Parts): unknown {
  const token = signedMessage(ec, {
    content: tokenInfo(utf8('x')),
    contentType: OID.tokenInfo,
    ...message,
  });
  return proposalOf('rfc3161', { tsr: { content: base64(timestampResponse(token)) } });
}

test('I6 GHSA-843x-px86-vq42: messages without certificates, with empty or odd ones: 400, and 201 with the right one', async () => {
  for (const make of [jar, timestamp]) {
    await assertAnswered(make({}), 'as usual', 201);
    await assertAnswered(make({ certificates: [] }), 'no certificates', 400);
    await assertAnswered(make({ certificates: [sequence()] }), 'an empty certificate', 400);
    await assertAnswered(make({ certificates: [set()] }), 'a set', 400);
    await assertAnswered(make({ certificates: [Buffer.of(0x05, 0x00)] }), 'a null', 400);
  }
});

test('I6 GHSA-843x-px86-vq42: empty texts, empty PEM, empty blocks in the place of keys: 400 everywhere', async () => {
  for (const content of [
    '',
    ' ',
    '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n',
    '-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n',
    '-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n-----END PGP PUBLIC KEY BLOCK-----\n',
    encodePem('CERTIFICATE', sequence()),
    encodePem('PUBLIC KEY', sequence(sequence(), sequence())),
    'untrusted comment: x\n\n',
    '{}',
    'null',
    '{"signed":null,"signatures":null}',
    '{"signed":{"_type":"root","keys":{"a":null},"roles":{"root":null}},"signatures":[null]}',
  ]) {
    assert.deepEqual(await placesThatAccept({ content }, content.slice(0, 60)), [], content);
  }
});

test('I6 GHSA-843x-px86-vq42: a TUF root with null for a key, a role, or a list: 400', async () => {
  const { spec } = storedEntry('tuf', 'root-self');
  const text = JSON.stringify(spec);
  const root = (JSON.parse(text) as { root: { content: { signed: Record<string, object> } } }).root
    .content.signed;
  const [keyID = ''] = Object.keys(root['keys'] ?? {});
  for (const [member, value] of [
    ['keys', null],
    ['keys', { [keyID]: null }],
    ['keys', { [keyID]: { keytype: 'ed25519', scheme: 'ed25519', keyval: null } }],
    ['keys', { [keyID]: { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: null } } }],
    ['roles', null],
    ['roles', { root: null }],
    ['roles', { root: { keyids: null, threshold: 1 } }],
    ['roles', { root: { keyids: [null], threshold: 1 } }],
    ['roles', { ...root['roles'], targets: null }],
    ['expires', null],
  ] as const) {
    const changed = JSON.parse(text) as Record<string, { content: { signed: object } }>;
    for (const part of ['root', 'metadata']) {
      const document = changed[part] as { content: { signed: object } };
      document.content.signed = { ...document.content.signed, [member]: value };
    }
    await assertAnswered(proposalOf('tuf', changed), `${member} ${JSON.stringify(value)}`, 400);
  }
});

const pgpKey = forgeKey(1);

test('I6 GHSA-843x-px86-vq42: PGP identities without a user ID, or with an empty one: no crash in any kind', async () => {
  const userAttribute = serializePacket(17, Buffer.of(2, 1, 0));
  for (const [what, ring] of Object.entries({
    'a key alone': keyPacket(pgpKey),
    'an empty user ID': forgeRing(pgpKey, ''),
    'a user ID without a signature': concatBytes(keyPacket(pgpKey), serializePacket(13, utf8('a'))),
    'a user attribute alone': concatBytes(keyPacket(pgpKey), userAttribute),
    'a user attribute and a user ID': concatBytes(
      keyPacket(pgpKey),
      userAttribute,
      forgeUserId(pgpKey, 'a <a@example.com>'),
    ),
    'a user ID alone': serializePacket(13, utf8('a')),
    'an empty user attribute': concatBytes(
      keyPacket(pgpKey),
      serializePacket(17, new Uint8Array(0)),
    ),
    'user IDs of no UTF-8': concatBytes(keyPacket(pgpKey), serializePacket(13, Buffer.of(0xff))),
    'an empty key packet': serializePacket(6, new Uint8Array(0)),
    nothing: new Uint8Array(0),
  })) {
    for (const content of [ring, encodeArmor('PGP PUBLIC KEY BLOCK', ring)]) {
      assert.deepEqual(await placesThatAccept({ content }, what), [], what);
    }
  }
});

test('I4 CVE-2026-23831: empty and nil messages of cose, empty envelopes of dsse and intoto: 4xx', async () => {
  const publicKey = base64(algorithms['P-256']?.content ?? '');
  const hex = (text: string) => base64(Buffer.from(text, 'hex'));
  for (const message of [
    '',
    null,
    undefined,
    '====',
    hex('f6'),
    hex('d2f6'),
    hex('80'),
    hex('d280'),
    hex('d284'),
    hex('d28443a10126a0f640'),
    hex('d28443a10126a0f64100'),
    hex('d28443a10126a04040'),
    hex('d28440a0f6f6'),
    hex('d284f6f6f6f6'),
    hex('d28443a10126f6f6f6'),
    hex('d284a0a04040'),
    hex('d2845f40ff'),
    hex('40'),
  ]) {
    for (const data of [{}, null, undefined, { aad: '' }]) {
      const spec = { message, publicKey, data };
      await assertAnswered(proposalOf('cose', spec), `${message}`, 400);
    }
  }
  for (const envelope of [
    '',
    null,
    undefined,
    'null',
    '{}',
    '[]',
    '{"payload":"","signatures":[]}',
  ]) {
    const dsse = { proposedContent: { envelope, verifiers: [publicKey] } };
    await assertAnswered(proposalOf('dsse', dsse), `dsse ${envelope}`, 400);
    const intoto = { content: { envelope }, publicKey };
    await assertAnswered(proposalOf('intoto', intoto), `intoto ${envelope}`, 400);
  }
  for (const spec of [null, {}, { content: null }, { content: { envelope: null } }]) {
    const proposal = { kind: 'intoto', apiVersion: '0.0.2', spec };
    await assertAnswered(proposal, JSON.stringify(spec), 400, 422);
  }
});

test('I7: keys of security keys are read, and searched for, in OpenSSH form', async () => {
  const { publicKey } = generateKeyPairSync('ed25519');
  const point = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
  const { x = '', y = '' } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
  }).publicKey.export({ format: 'jwk' });
  const onCurve = Buffer.concat([
    Buffer.of(4),
    Buffer.from(x, 'base64url'),
    Buffer.from(y, 'base64url'),
  ]);
  const edName = 'sk-ssh-ed25519@openssh.com';
  const ecName = 'sk-ecdsa-sha2-nistp256@openssh.com';
  for (const [name, ...fields] of [
    [edName, point, 'ssh:'],
    [ecName, 'nistp256', onCurve, 'ssh:'],
  ] as const) {
    const whole = wireStrings(name, ...fields);
    const line = (bytes: Uint8Array) => `${name} ${base64(bytes)} somebody\n`;
    await placesThatAccept({ content: line(whole) }, name);
    const search = { publicKey: { format: 'ssh', content: base64(line(whole)) } };
    assert.equal((await log.post('/api/v1/index/retrieve', search)).status, 200, name);
    for (let length = 0; length < whole.length; length += 5) {
      const cut = {
        publicKey: { format: 'ssh', content: base64(line(whole.subarray(0, length))) },
      };
      assert.equal((await log.post('/api/v1/index/retrieve', cut)).status, 400, name);
    }
  }
});

test('I7: an SSH key has 64 KiB at most', async () => {
  const { spec } = storedEntry('rekord', 'ssh-ed') as unknown as {
    readonly spec: { signature: { publicKey: { content: string } } };
  };
  const line = Buffer.from(spec.signature.publicKey.content, 'base64').toString().trimEnd();
  const search = (length: number) => {
    const content = base64(`${line} `.padEnd(length, 'c'));
    return log.post('/api/v1/index/retrieve', { publicKey: { format: 'ssh', content } });
  };
  assert.equal((await search(MAX_SSH_KEY_LENGTH)).status, 200);
  assert.equal((await search(MAX_SSH_KEY_LENGTH + 1)).status, 400);
});

test('I6 GHSA-843x-px86-vq42: no bug came to light on the way', () => {
  assert.equal(log.output.includes('"level":'), false, log.output);
});
