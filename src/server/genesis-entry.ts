/**
 * The first entry of a log of the v2 API: the log's own statement of who it is, signed by its key.
 *
 * A bundle of entry 0 loses its index when Go or JavaScript clients write it, and others cannot read it then: so that
 * entry is nobody's. Spec: docs/clients.md. In scope: the statement and its proposal. Pure.
 */

import { createHash, createPublicKey } from 'node:crypto';
import type { ProposedEntry } from '../entries/entry-kind.js';
import { PUBLIC_KEY_DETAILS } from '../entries/shared/public-key-details.js';
import type { HashedrekordRequest } from '../entries/v2-messages.js';
import { LogError } from '../errors.js';
import type { Log } from '../log/log.js';
import type { Signer } from '../signing/signer.js';

/** Returns the statement that a v2 log begins with. */
export function genesisStatement({ origin, treeID }: Log['identity']): string {
  return `The first entry of a transparency log.\norigin: ${origin}\ntree ID: ${treeID}\n`;
}

/** Returns the proposal. Throws KEY_FILE_INVALID for a key that signs no entry of the v2 API: RSA of another size. */
export function genesisProposal(identity: Log['identity'], signer: Signer): ProposedEntry {
  const keyDetails = keyDetailsOf(signer);
  if (keyDetails === undefined) {
    throw new LogError(
      'KEY_FILE_INVALID',
      'an RSA key of this size signs no entry of the v2 API: use one of 2048, 3072 or 4096 bits, or --genesis-entry false',
    );
  }
  const statement = Buffer.from(genesisStatement(identity));
  const { hash, signature } = signer.signDigest(statement);
  const spec: HashedrekordRequest = {
    digest: createHash(hash).update(statement).digest(),
    signature: {
      content: signature,
      verifier: { form: 'publicKey', rawBytes: signer.publicKeyDer, keyDetails },
    },
  };
  return { kind: 'hashedrekord', apiVersion: '0.0.2', api: 'v2', spec };
}

function keyDetailsOf({ algorithm, publicKeyDer }: Signer): number | undefined {
  if (algorithm !== 'rsa') return PUBLIC_KEY_DETAILS.get(KEY_DETAILS[algorithm]);
  const key = createPublicKey({ key: Buffer.from(publicKeyDer), format: 'der', type: 'spki' });
  const bits = key.asymmetricKeyDetails?.modulusLength;
  return PUBLIC_KEY_DETAILS.get(`PKIX_RSA_PKCS1V15_${bits}_SHA256`);
}

const KEY_DETAILS = {
  'ecdsa-p256': 'PKIX_ECDSA_P256_SHA_256',
  'ecdsa-p384': 'PKIX_ECDSA_P384_SHA_384',
  'ecdsa-p521': 'PKIX_ECDSA_P521_SHA_512',
  ed25519: 'PKIX_ED25519_PH',
} as const;
