/**
 * Fingerprints of public keys as SSH prints them (RFC 4253 section 6.6, RFC 5656, RFC 8709): the only key IDs that
 * intoto 0.0.1 recognizes.
 */

import { sha256 } from '#sha256';
import { toBase64 } from '../../encoding/base64.js';
import { concatBytes, utf8 } from '../../encoding/bytes.js';
import type { PublicKey } from '../../pki/public-key.js';

/** Returns `SHA256:` and unpadded base64; undefined for a key that SSH has no form for. */
export function sshFingerprint(key: PublicKey): string | undefined {
  const blob = sshKey(key);
  return blob && `SHA256:${toBase64(sha256(blob)).replace(/=+$/, '')}`;
}

function sshKey(key: PublicKey): Uint8Array | undefined {
  switch (key.type) {
    case 'rsa':
      return concatBytes(
        sshString(utf8('ssh-rsa')),
        sshInteger(exponentBytes(key.exponent)),
        sshInteger(key.modulus),
      );
    case 'ecdsa': {
      if (key.curve.name === 'P-224') return undefined;
      const curve = key.curve.name.replace('P-', 'nistp');
      return concatBytes(
        sshString(utf8(`ecdsa-sha2-${curve}`)),
        sshString(utf8(curve)),
        sshString(key.point),
      );
    }
    case 'ed25519':
      return concatBytes(sshString(utf8('ssh-ed25519')), sshString(key.key));
    case 'unsupported':
      return undefined;
  }
}

function sshString(bytes: Uint8Array): Uint8Array {
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, bytes.length);
  return concatBytes(length, bytes);
}

/** A positive integer: big-endian, with a zero byte in front where the first bit is set. */
function sshInteger(magnitude: Uint8Array): Uint8Array {
  const isHigh = (magnitude[0] as number) >= 0x80;
  return sshString(isHigh ? concatBytes(Uint8Array.of(0), magnitude) : magnitude);
}

function exponentBytes(exponent: number): Uint8Array {
  const octets: number[] = [];
  for (let left = exponent; left > 0; left = Math.floor(left / 256)) octets.unshift(left % 256);
  return Uint8Array.from(octets);
}
