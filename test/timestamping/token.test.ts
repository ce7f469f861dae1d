import assert from 'node:assert/strict';
import { createHash, verify, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import * as asn1js from 'asn1js';
import * as pkijs from 'pkijs';
import { fromHex, toHex } from '../../src/encoding/hex.js';
import { isLogError } from '../../src/errors.js';
import {
  readMessageImprint,
  readTimestampResponse,
  type TimestampResponse,
} from '../../src/pki/pkcs7/timestamp.js';
import { verifySignedData } from '../../src/pki/pkcs7/verify-signed-data.js';
import { readTimestampRequest, requestOf } from '../../src/timestamping/request.js';
import { vectorLines } from '../vectors.js';
import { madeAuthority, NOW, newSigner, ownChain } from './made-authority.js';

const DIGEST = createHash('sha256').update('stele').digest();
const plain = {
  hashAlgorithm: 'sha256',
  digest: DIGEST,
  policy: undefined,
  nonce: undefined,
  wantsCertificates: false,
};
const withCertificate = requestOf({ ...plain, nonce: 99n, wantsCertificates: true });

const granted = vectorLines<{ name: string; query: string; verdict: string }>(
  'timestamping/requests.jsonl',
).filter(({ verdict }) => verdict === 'granted');

/** What libraries that have nothing to do with this project read in an answer. */
function parsed(reply: Uint8Array) {
  const response = pkijs.TimeStampResp.fromBER(new Uint8Array(reply));
  assert.ok(response.timeStampToken);
  const signedData = new pkijs.SignedData({ schema: response.timeStampToken.content });
  const content = signedData.encapContentInfo.eContent?.getValue();
  assert.ok(content);
  const info = pkijs.TSTInfo.fromBER(content);
  const [signer, ...others] = signedData.signerInfos;
  assert.ok(signer?.signedAttrs);
  assert.equal(others.length, 0);
  return { response, signedData, content: new Uint8Array(content), info, signer };
}

function attributeOf(signer: pkijs.SignerInfo, type: string): asn1js.BaseBlock {
  const found = signer.signedAttrs?.attributes.filter((attribute) => attribute.type === type);
  assert.equal(found?.length, 1, type);
  assert.equal(found[0]?.values.length, 1, type);
  return found[0]?.values[0] as asn1js.BaseBlock;
}

function readToken(reply: Uint8Array): NonNullable<TimestampResponse['token']> {
  const { status, token } = readTimestampResponse(reply);
  assert.equal(status, 0n);
  assert.ok(token);
  return token;
}

for (const kind of ['P-256', 'P-384', 'P-521', 'rsa'] as const) {
  test(`a token by a key of kind ${kind} verifies with its certificate`, () => {
    const { authority, chain } = madeAuthority(newSigner(kind));
    const reply = authority.stamp(withCertificate);
    const { signer, content } = verifySignedData(readToken(reply).signedData, undefined);
    assert.equal(toHex(signer.serialNumber), toHex(chain.leaf.serialNumber));
    const { digest, hash } = readMessageImprint(content);
    assert.deepEqual([hash, toHex(digest)], ['sha256', toHex(DIGEST)]);
  });
}

test('an Ed25519 key gives no timestamps', () => {
  const signer = newSigner('ed25519');
  assert.throws(
    () => madeAuthority(signer, ownChain(signer)),
    (error) => isLogError(error, 'KEY_FILE_INVALID') && error.message.includes('Ed25519'),
  );
});

for (const { name, query } of granted) {
  test(`the token for ${name} says what was asked, octet by octet`, () => {
    const { authority } = madeAuthority();
    const request = readTimestampRequest(fromHex(query));
    const { info, content } = parsed(authority.answer(fromHex(query)));
    assert.ok(Buffer.from(content).includes(Buffer.from(request.imprint)));
    assert.equal(info.version, 1);
    assert.equal(info.policy, '1.3.6.1.4.1.57264.2');
    const nonce = info.nonce?.valueBlock.valueHexView;
    assert.equal(nonce && toHex(new Uint8Array(nonce)), request.nonce && toHex(request.nonce));
    assert.equal(info.ordering, undefined);
    assert.equal(info.extensions, undefined);
    assert.deepEqual(
      [info.accuracy?.seconds, info.accuracy?.millis, info.accuracy?.micros],
      [1, undefined, undefined],
    );
  });
}

test('the time has whole seconds and ends with Z, on the second of a leap day too', () => {
  const key = newSigner();
  const { authority, clock } = madeAuthority(key, ownChain(key, Date.UTC(2060, 0) / 1000));
  for (const [seconds, shown] of [
    [NOW, '20261122120001Z'],
    [Date.UTC(2028, 1, 29, 23, 59, 59) / 1000, '20280229235959Z'],
    [Date.UTC(2049, 11, 31, 23, 59, 59) / 1000, '20491231235959Z'],
    [Date.UTC(2050, 0, 1) / 1000, '20500101000000Z'],
  ] as const) {
    clock.seconds = seconds;
    const { content, info, signer } = parsed(authority.stamp(withCertificate));
    assert.ok(Buffer.from(content).includes(`\x18\x0f${shown}`), shown);
    assert.equal(info.genTime.getTime(), seconds * 1000);
    // CMS states years up to 2049 with two digits.
    const time = attributeOf(signer, '1.2.840.113549.1.9.5');
    assert.equal(time instanceof asn1js.GeneralizedTime, seconds >= Date.UTC(2050, 0) / 1000);
    assert.equal((time as asn1js.UTCTime).toDate().getTime(), seconds * 1000);
  }
});

test('the signed attributes say content, digest, time and certificate, in the order of DER', () => {
  const { authority, chain } = madeAuthority();
  const { content, signer, signedData } = parsed(authority.stamp(withCertificate));
  assert.equal(signedData.version, 3);
  assert.equal(signer.version, 1);
  const type = attributeOf(signer, '1.2.840.113549.1.9.3') as asn1js.ObjectIdentifier;
  assert.equal(type.valueBlock.toString(), '1.2.840.113549.1.9.16.1.4');
  const digest = attributeOf(signer, '1.2.840.113549.1.9.4') as asn1js.OctetString;
  assert.deepEqual(
    Buffer.from(digest.valueBlock.valueHexView),
    createHash('sha256').update(content).digest(),
  );
  const named = attributeOf(signer, '1.2.840.113549.1.9.16.2.47');
  const hash = createHash('sha256').update(chain.leaf.der).digest();
  assert.ok(Buffer.from(named.toBER()).includes(hash));
  assert.ok(Buffer.from(named.toBER()).includes(Buffer.from(chain.leaf.issuer)));

  const encoded = signer.signedAttrs?.attributes.map((each) =>
    Buffer.from(each.toSchema().toBER()),
  );
  assert.ok(encoded);
  assert.deepEqual(encoded, [...encoded].sort(Buffer.compare));
  // What pkijs holds for the signed octets: the SET, not the context tag.
  const message = Buffer.from(signer.signedAttrs?.encodedValue as ArrayBuffer);
  assert.equal(message[0], 0x31);
  const { publicKey } = new X509Certificate(chain.leaf.der);
  const signature = Buffer.from(signer.signature.valueBlock.valueHexView);
  assert.ok(verify('sha256', message, publicKey, signature));
});

test('every octet of a token is covered by its signature, or its reading fails', () => {
  const { authority } = madeAuthority();
  const reply = authority.stamp(withCertificate);
  const content = parsed(reply).content;
  const at = Buffer.from(reply).indexOf(content);
  for (let offset = at; offset < at + content.length; offset++) {
    const damaged = Uint8Array.from(reply);
    damaged[offset] = (damaged[offset] as number) ^ 0x01;
    assert.throws(
      () => verifySignedData(readToken(damaged).signedData, undefined),
      (error) => isLogError(error),
    );
  }
});

test('the answer is the one DER of what it says', () => {
  const { authority } = madeAuthority();
  const reply = authority.stamp(withCertificate);
  const read = asn1js.fromBER(new Uint8Array(reply));
  assert.equal(read.offset, reply.length);
  assert.equal(read.result.warnings.length, 0);
  assert.equal(toHex(new Uint8Array(read.result.toBER())), toHex(reply));
});

test('certificates are sent to whoever asks for them, without the root', () => {
  const { authority, chain } = madeAuthority();
  const ders = (reply: Uint8Array) =>
    parsed(reply).signedData.certificates?.map((each) =>
      toHex(new Uint8Array(each.toSchema().toBER())),
    );
  assert.deepEqual(ders(authority.stamp(withCertificate)), [toHex(chain.leaf.der)]);
  assert.equal(ders(authority.stamp(requestOf(plain))), undefined);
});

test('a token names its service by the subject of the certificate', () => {
  const { authority, chain } = madeAuthority();
  const { info, content } = parsed(authority.stamp(requestOf(plain)));
  assert.equal(info.tsa?.type, 4);
  assert.ok(Buffer.from(content).includes(Buffer.from(chain.leaf.subject)));
});

test('serial numbers are positive, of the same length, and never the same', () => {
  const { authority } = madeAuthority();
  const seen = new Set<string>();
  for (let count = 0; count < 500; count++) {
    const { serialNumber } = parsed(authority.stamp(requestOf(plain))).info;
    const content = serialNumber.valueBlock.valueHexView;
    assert.equal(content.length, 16);
    assert.ok((content[0] as number) >= 0x40 && (content[0] as number) < 0x80);
    seen.add(toHex(new Uint8Array(content)));
  }
  assert.equal(seen.size, 500);
});
