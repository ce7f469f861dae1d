import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { isLogError, LogError } from '../../src/errors.js';
import { MAX_KEY_FILE_SIZE, readKeyFile, readOrCreateKeyFile } from '../../src/signing/key-file.js';

const folder = mkdtempSync(join(tmpdir(), 'stele-key-file-'));
after(() => rmSync(folder, { recursive: true }));

describe('key files', () => {
  it('are made once with mode 0600 and then kept byte for byte', async () => {
    for (const kind of ['ecdsa-p256', 'ed25519'] as const) {
      const path = join(folder, 'new', kind, 'key.pem');
      const first = await readOrCreateKeyFile(path, kind);
      assert.equal(first.created, true);
      assert.equal(first.signer.algorithm, kind);
      assert.deepEqual(first.warnings, []);
      assert.equal(statSync(path).mode & 0o777, 0o600);
      const bytes = readFileSync(path);
      const second = await readOrCreateKeyFile(path, kind);
      assert.equal(second.created, false);
      assert.equal(second.signer.keyID, first.signer.keyID);
      assert.deepEqual(readFileSync(path), bytes);
    }
  });

  it('leave nothing else behind in their folder', async () => {
    await readOrCreateKeyFile(join(folder, 'alone', 'key.pem'), 'ed25519');
    assert.deepEqual(readdirSync(join(folder, 'alone')), ['key.pem']);
  });

  it('are one key when two starts race for the same path', async () => {
    const path = join(folder, 'race', 'key.pem');
    const made = await Promise.all(
      Array.from({ length: 8 }, () => readOrCreateKeyFile(path, 'ecdsa-p256')),
    );
    assert.equal(new Set(made.map(({ signer }) => signer.keyID)).size, 1);
    assert.equal(made.filter(({ created }) => created).length, 1);
    assert.deepEqual(readdirSync(join(folder, 'race')), ['key.pem']);
  });

  it('keep an unreadable file as it is instead of replacing it', async () => {
    const path = join(folder, 'broken.pem');
    writeFileSync(path, 'not a key', { mode: 0o600 });
    await assert.rejects(readOrCreateKeyFile(path, 'ed25519'), (error) =>
      isLogError(error, 'KEY_FILE_INVALID'),
    );
    assert.equal(readFileSync(path, 'utf8'), 'not a key');
  });

  it('that others can read carry a warning that names file and mode', async () => {
    const path = join(folder, 'open.pem');
    await readOrCreateKeyFile(path, 'ed25519');
    chmodSync(path, 0o644);
    const { warnings } = await readKeyFile(path);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? '', /open\.pem has mode 0644/);
  });

  it('that are missing or too large are refused by name', async () => {
    const missing = join(folder, 'missing.pem');
    await assert.rejects(readKeyFile(missing), (error) => {
      assert.ok(error instanceof LogError);
      assert.equal(error.code, 'KEY_FILE_INVALID');
      assert.ok(error.message.includes(missing));
      return true;
    });
    const large = join(folder, 'large.pem');
    const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
    writeFileSync(large, pem.toString().padEnd(MAX_KEY_FILE_SIZE), { mode: 0o600 });
    assert.equal((await readKeyFile(large)).signer.algorithm, 'ed25519');
    writeFileSync(large, pem.toString().padEnd(MAX_KEY_FILE_SIZE + 1), { mode: 0o600 });
    await assert.rejects(readKeyFile(large), (error) => isLogError(error, 'KEY_FILE_INVALID'));
  });
});
