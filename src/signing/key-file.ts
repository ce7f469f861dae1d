/**
 * Key files: PEM to signer, and the files that a log makes for itself at its first start.
 *
 * In scope: PKCS#8, SEC1, PKCS#1 and encrypted PKCS#8 PEM; creating a file that is whole or absent, never
 * half written and never overwritten. Out of scope: which file belongs to which log (server/).
 */

import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { open } from 'node:fs/promises';
import { LogError } from '../errors.js';
import { createFile } from '../files/durable-file.js';
import { type Signer, signerFromKey } from './signer.js';

/** The kinds of key that a log makes for itself. */
export type GeneratedKeyKind = 'ecdsa-p256' | 'ed25519';

/** A signer and what its owner should be told about the file it came from. */
export interface KeyFile {
  readonly signer: Signer;
  /** Sentences for the operator; empty when all is well. */
  readonly warnings: readonly string[];
}

/** Largest key file that is read, in bytes. */
export const MAX_KEY_FILE_SIZE = 64 * 1024;

/**
 * Returns the signer of a PEM private key. Throws KEY_FILE_INVALID when the PEM cannot be read, is encrypted
 * and `passphrase` is missing or wrong, or holds a key that no log can sign with.
 */
export function loadSigner(pem: string | Uint8Array, passphrase?: string): Signer {
  const text = typeof pem === 'string' ? pem : Buffer.from(pem).toString('latin1');
  return signerFromKey(readPrivateKey(text, passphrase));
}

/** Returns the signer in the file at `path`. Throws KEY_FILE_INVALID, naming the file. */
export async function readKeyFile(path: string, passphrase?: string): Promise<KeyFile> {
  const { pem, mode } = await readPem(path);
  try {
    return { signer: loadSigner(pem, passphrase), warnings: modeWarnings(path, mode) };
  } catch (cause) {
    if (!(cause instanceof LogError)) throw cause;
    throw new LogError(cause.code, `key file ${path}: ${cause.message}`, { cause });
  }
}

/**
 * Returns the signer in the file at `path`, making a new key of `kind` when there is no such file. The new
 * file has mode 0600 and is on disk when this returns; an existing one is never written. Throws
 * KEY_FILE_INVALID.
 */
export async function readOrCreateKeyFile(
  path: string,
  kind: GeneratedKeyKind,
  passphrase?: string,
): Promise<KeyFile & { readonly created: boolean }> {
  const created = await createKeyFile(path, kind);
  return { ...(await readKeyFile(path, passphrase)), created };
}

function readPrivateKey(pem: string, passphrase: string | undefined): KeyObject {
  const encrypted = /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(pem);
  if (/-----BEGIN ENCRYPTED (SIGSTORE|COSIGN) PRIVATE KEY-----/.test(pem)) {
    throw new LogError(
      'KEY_FILE_INVALID',
      'cosign key files are not supported; export it as PKCS#8',
    );
  }
  if (encrypted && passphrase === undefined) {
    throw new LogError('KEY_FILE_INVALID', 'the key is encrypted and no passphrase was given');
  }
  try {
    return createPrivateKey(
      passphrase === undefined ? pem : { key: pem, format: 'pem', passphrase },
    );
  } catch (cause) {
    const reason = encrypted
      ? 'the key cannot be decrypted; the passphrase may be wrong'
      : 'there is no PEM private key that can be read';
    throw new LogError('KEY_FILE_INVALID', reason, { cause });
  }
}

async function readPem(path: string): Promise<{ pem: string; mode: number }> {
  try {
    const file = await open(path, 'r');
    try {
      const { size, mode } = await file.stat();
      if (size > MAX_KEY_FILE_SIZE) {
        throw new LogError(
          'KEY_FILE_INVALID',
          `key file ${path}: ${size} bytes, more than ${MAX_KEY_FILE_SIZE}`,
        );
      }
      return { pem: await file.readFile('latin1'), mode };
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (cause instanceof LogError) throw cause;
    const { code, message } = cause as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'there is no such file' : message;
    throw new LogError('KEY_FILE_INVALID', `key file ${path}: ${reason}`, { cause });
  }
}

function modeWarnings(path: string, mode: number): string[] {
  if ((mode & 0o077) === 0) return [];
  const octal = (mode & 0o777).toString(8).padStart(4, '0');
  return [`key file ${path} has mode ${octal}: others than its owner can use it; set it to 0600`];
}

/** Makes a key file unless one is there; true when it did. */
async function createKeyFile(path: string, kind: GeneratedKeyKind): Promise<boolean> {
  try {
    return !(await exists(path)) && (await createFile(path, generatePem(kind)));
  } catch (cause) {
    const { message } = cause as Error;
    throw new LogError('KEY_FILE_INVALID', `key file ${path} cannot be created: ${message}`, {
      cause,
    });
  }
}

function generatePem(kind: GeneratedKeyKind): string {
  const pair =
    kind === 'ed25519'
      ? generateKeyPairSync('ed25519')
      : generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  return pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

async function exists(path: string): Promise<boolean> {
  try {
    await (await open(path, 'r')).close();
    return true;
  } catch (error) {
    // Anything but "not there" is told by the read that follows.
    return (error as NodeJS.ErrnoException).code !== 'ENOENT';
  }
}
