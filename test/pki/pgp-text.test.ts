import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concatBytes, fromUtf8, utf8 } from '../../src/encoding/bytes.js';
import { readClearSigned } from '../../src/pki/pgp/clear-signed.js';
import { emailOfUserId } from '../../src/pki/pgp/email-address.js';
import { readPgpKeyRing } from '../../src/pki/pgp/key-ring.js';
import { pgpSignatureProblem, readPgpSignature } from '../../src/pki/pgp/signature.js';
import { clearSign, forgeKey, forgeRing } from './pgp-forge.js';

const key = forgeKey(1);

test('clear-signed text loses dashes and blanks, and keeps what it says', async () => {
  const content = clearSign(key, 'first  \t\n\nlast');
  const read = readClearSigned(concatBytes(utf8('mail header\n'), content, utf8('rest')));
  assert.ok(read !== undefined);
  assert.equal(fromUtf8(read.text), 'first\n\nlast');
  assert.equal(fromUtf8(read.signedBytes), 'first\r\n\r\nlast');
  assert.equal(fromUtf8(read.rest), 'rest');
  const signature = await readPgpSignature(read.signature);
  const ring = await readPgpKeyRing(forgeRing(key));
  assert.equal(await pgpSignatureProblem(ring, signature, read.signedBytes), undefined);
  const escaped = readClearSigned(utf8(fromUtf8(content).replace('first', '- -first')));
  assert.match(fromUtf8(escaped?.text ?? new Uint8Array(0)), /^-first/);
});

test('what only looks clear-signed is not', () => {
  const content = fromUtf8(clearSign(key, 'text'));
  const changes: [RegExp | string, string][] = [
    ['Hash: SHA256', 'Comment: x'],
    ['Hash: SHA256', 'Hash: SHA256, CRC32'],
    ['MESSAGE-----', 'MESSAGE----- x'],
    ['-----END PGP SIGNATURE', '-----END PGP'],
    ['-----BEGIN PGP SIGNATURE', '-----BEGIN PGP'],
    ['text\n', ''],
  ];
  for (const [from, to] of changes) {
    assert.equal(readClearSigned(utf8(content.replace(from, to))), undefined, `${from}`);
  }
});

test('addresses are found in user IDs, and only addresses', () => {
  const cases: [string, string | undefined][] = [
    ['Name (comment) <a.b+c@example.com>', 'a.b+c@example.com'],
    ['a@example.com', 'a@example.com'],
    ['<a@example.com', 'a@example.com'],
    ['Name <A@Example.COM> more', 'A@Example.COM'],
    ['Name (a@example.com)', undefined],
    ['Name <a@localhost>', undefined],
    ['Name <a..b@example.com>', undefined],
    ['Name <a@example.c0m>', 'a@example.c0m'],
    ['Name <a@example.123>', undefined],
    ['Name <"a b"@example.com>', '"a b"@example.com'],
    ['Name <ü@exämple.de>', 'ü@exämple.de'],
    ['', undefined],
    ['__proto__', undefined],
  ];
  for (const [id, email] of cases) assert.equal(emailOfUserId(utf8(id)), email, id);
  assert.equal(emailOfUserId(Uint8Array.of(0x61, 0xff, 0x40, 0x62, 0x2e, 0x63)), undefined);
});
