import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import * as asn1js from 'asn1js';
import { fromUtf8, utf8 } from '../../src/encoding/bytes.js';
import { decodePem, encodePem } from '../../src/encoding/pem.js';
import { isLogError } from '../../src/errors.js';
import { canonicalPublicKeyHash } from '../../src/pki/canonical-key.js';
import { readPublicKey } from '../../src/pki/public-key.js';
import { readX509Key, type X509Key, x509ChainProblem } from '../../src/pki/x509.js';
import { vectorLines } from '../vectors.js';

interface KeyVector {
  readonly name: string;
  /** Base64. */
  readonly pem: string;
  readonly expect:
    | { readonly canonical: string; readonly subjects: readonly string[] }
    | { readonly error: string };
}

const vectors = vectorLines<KeyVector>('entries/x509-keys.jsonl');

function keyNamed(name: string): X509Key {
  const found = vectors.find((vector) => vector.name === name);
  assert.ok(found, name);
  return readX509Key(Buffer.from(found.pem, 'base64'));
}

/** Texts of Go's general ASN.1 decoder; the verdict counts, the words are our own. */
const OTHER_WORDS = /^asn1: |^invalid P\d+Element/;

test('keys, certificates and chains are read or refused as the recorded server does', () => {
  assert.ok(vectors.length > 150);
  for (const { name, pem, expect } of vectors) {
    const read = () => readX509Key(Buffer.from(pem, 'base64'));
    if ('error' in expect) {
      assert.throws(read, (error) => {
        assert.ok(isLogError(error, 'KEY_MALFORMED'), name);
        if (!OTHER_WORDS.test(expect.error)) assert.equal(error.message, expect.error, name);
        return true;
      });
      continue;
    }
    const key = read();
    assert.equal(fromUtf8(key.canonicalPem), expect.canonical, name);
    assert.deepEqual(key.subjects, expect.subjects, name);
  }
});

test('the canonical form is a fixed point', () => {
  for (const { name, expect } of vectors) {
    if ('error' in expect) continue;
    assert.equal(
      fromUtf8(readX509Key(utf8(expect.canonical)).canonicalPem),
      expect.canonical,
      name,
    );
  }
});

test('our walk over certificates finds what OpenSSL and a general ASN.1 decoder find', () => {
  let compared = 0;
  for (const { name, expect } of vectors) {
    if ('error' in expect || !/\.(crt|pem)$/.test(name)) continue;
    for (const certificate of keyNamed(name).certificates) {
      const oracle = new X509Certificate(certificate.der);
      assert.equal(certificate.notBeforeSeconds * 1000, Date.parse(oracle.validFrom), name);
      assert.equal(certificate.notAfterSeconds * 1000, Date.parse(oracle.validTo), name);
      assert.deepEqual(
        Buffer.from(certificate.publicKey.der),
        oracle.publicKey.export({ type: 'spki', format: 'der' }),
        name,
      );
      assert.equal(certificate.basicConstraints?.isAuthority ?? false, oracle.ca, name);

      const parsed = asn1js.fromBER(Uint8Array.from(certificate.der));
      const body = (parsed.result as asn1js.Sequence).valueBlock.value[0] as asn1js.Sequence;
      const [issuer, , subject] = body.valueBlock.value.slice(3, 6) as asn1js.Sequence[];
      assert.deepEqual(encoding(certificate.issuer), encoding(issuer?.toBER()), name);
      assert.deepEqual(encoding(certificate.subject), encoding(subject?.toBER()), name);
      compared++;
    }
  }
  assert.ok(compared >= 20);
});

function encoding(bytes: Uint8Array | ArrayBuffer | undefined): Buffer {
  return Buffer.from(new Uint8Array(bytes ?? new ArrayBuffer(0)));
}

test('every cut and every changed byte of a certificate is read or refused, never a crash', () => {
  const der = keyNamed('leaf-multi.crt').certificates[0]?.der as Uint8Array;
  const tryDer = (bytes: Uint8Array) => {
    const body = Buffer.from(bytes).toString('base64');
    const pem = `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`;
    try {
      readX509Key(utf8(pem));
    } catch (error) {
      assert.ok(isLogError(error, 'KEY_MALFORMED'), String(error));
    }
  };
  for (let length = 0; length < der.length; length++) tryDer(der.subarray(0, length));
  for (let at = 0; at < der.length; at++) {
    for (const value of [0x00, 0x30, 0x80, 0x84, 0xff]) {
      const changed = Uint8Array.from(der);
      changed[at] = value;
      tryDer(changed);
    }
  }
});

test('a chain leads from the leaf to its last certificate at the leaf’s own time', () => {
  for (const name of ['chain-email.pem', 'chain-uri.pem', 'chain-expired.pem']) {
    assert.equal(x509ChainProblem(keyNamed(name)), undefined, name);
  }
  assert.equal(
    x509ChainProblem(keyNamed('chain-bad.pem')),
    'x509: certificate signed by unknown authority',
  );
  assert.equal(x509ChainProblem(keyNamed('leaf-email.crt')), undefined);
  assert.equal(x509ChainProblem(keyNamed('ec256.pub')), undefined);
});

test('the order of the certificates between leaf and root does not matter, but they must be there', () => {
  const pems = fromUtf8(keyNamed('chain-email.pem').canonicalPem).match(
    /-----BEGIN[\s\S]*?-----END CERTIFICATE-----\n/g,
  ) as string[];
  const [leaf, ...rest] = pems;
  assert.ok(leaf !== undefined && rest.length >= 2);
  const root = rest[rest.length - 1] as string;
  const middle = rest.slice(0, -1);
  const problemOf = (...parts: string[]) => x509ChainProblem(readX509Key(utf8(parts.join(''))));
  assert.equal(problemOf(leaf, ...middle.reverse(), root), undefined);
  assert.equal(problemOf(leaf, root), 'x509: certificate signed by unknown authority');
  assert.equal(problemOf(leaf, ...middle), undefined);
  assert.equal(problemOf(leaf, leaf), undefined);
});

test('a chain needs the signature, the name and the validity of each issuer', () => {
  const [leaf, intermediate] = keyNamed('chain-email.pem').certificates.map(({ der }) => der);
  assert.ok(leaf !== undefined && intermediate !== undefined);
  // The last certificate is trusted as it is: its own signature is not looked at, so it can be altered.
  const problemOf = (...ders: readonly Uint8Array[]) => {
    const pems = ders.map((der) => encodePem('CERTIFICATE', der));
    return x509ChainProblem(readX509Key(utf8(pems.join(''))));
  };
  const altered = (der: Uint8Array, find: string, replacement: string) => {
    const text = Buffer.from(der).toString('latin1');
    assert.ok(text.includes(find), find);
    return Buffer.from(text.replace(find, replacement), 'latin1');
  };
  const unknown = 'x509: certificate signed by unknown authority';
  const because = (reason: string) =>
    `${unknown} (possibly because of "x509: ${reason}" while trying to verify candidate authority certificate "alpha test intermediate")`;
  assert.equal(problemOf(leaf, intermediate), undefined);

  const broken = Uint8Array.from(leaf);
  broken[leaf.length - 1] = (broken[leaf.length - 1] as number) ^ 1;
  assert.equal(problemOf(broken, intermediate), because('ECDSA verification failure'));

  const renamed = altered(intermediate, 'alpha test intermediate', 'alpha test INTERMEDIATE');
  assert.equal(problemOf(leaf, renamed), unknown);

  const expired = altered(intermediate, '440101000000Z', '200101000000Z');
  assert.equal(
    problemOf(leaf, expired),
    'x509: certificate has expired or is not yet valid: current time 2024-01-01T00:00:00Z is after 2020-01-01T00:00:00Z',
  );

  // Basic constraints: cA TRUE becomes FALSE.
  const noAuthority = altered(intermediate, '\x01\x01\xff\x02', '\x01\x01\x00\x02');
  assert.equal(
    problemOf(leaf, noAuthority),
    because('invalid signature: parent certificate cannot sign this kind of certificate'),
  );
});

test('search hashes are those of the canonical key', async () => {
  const key = keyNamed('ec256.pub');
  const expected = createHash('sha256').update(key.canonicalPem).digest('hex');
  const crlf = utf8(fromUtf8(key.canonicalPem).replaceAll('\n', '\r\n'));
  assert.equal(await canonicalPublicKeyHash('x509', crlf), expected);
  assert.equal(expected, '88bf60ecf2a0a8eabfe838b1efa23cc19cb979b5e55147d05e21b56b4d4a90c9');
});

test('a bare key that is cut short is refused in Go’s words', () => {
  for (const [name, truncatedUntil] of [
    ['ec256.pub', 2],
    ['rsa2048.pub', 4],
  ] as const) {
    const { der } = keyNamed(name).publicKey;
    for (let length = 0; length < der.length; length++) {
      const reason =
        length === 0
          ? 'sequence truncated'
          : length < truncatedUntil
            ? 'truncated tag or length'
            : 'data truncated';
      assert.throws(
        () => readPublicKey(der.subarray(0, length)),
        (error) =>
          isLogError(error, 'KEY_MALFORMED') && error.message === `asn1: syntax error: ${reason}`,
        `${name} ${length}`,
      );
    }
  }
});

test('a PEM block repeated ten times is a chain, eleven times is too long', () => {
  const pem = fromUtf8(keyNamed('leaf-email.crt').canonicalPem);
  assert.equal(readX509Key(utf8(pem.repeat(10))).certificates.length, 10);
  assert.throws(() => readX509Key(utf8(pem.repeat(11))), /too many certificates/);
  assert.equal(decodePem(pem)?.label, 'CERTIFICATE');
});
