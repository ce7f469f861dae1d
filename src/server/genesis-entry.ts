/**
 * The first entry of a log of the v2 API: the log's own statement of who it is, signed by its key.
 *
 * A bundle of entry 0 loses its index when Go or JavaScript clients write it, and others cannot read it then: so that
 * entry is nobody's. Spec: docs/clients.md. In scope: the statement and its proposal. Pure.
 */

import { createHash } from 'node:crypto';
import type { ProposedEntry } from '../entries/entry-kind.js';
import { keyDetailsOf, PUBLIC_KEY_DETAILS } from '../entries/shared/public-key-details.js';
import { algorithmName } from '../entries/shared/signature-algorithms.js';
import type { HashedrekordRequest } from '../entries/v2-messages.js';
import { LogError } from '../errors.js';
import type { Log } from '../log/log.js';
import { readPublicKey } from '../pki/public-key.js';
import type { Signer } from '../signing/signer.js';

/** Returns the statement that a v2 log begins with. */
export function genesisStatement({ origin, treeID }: Log['identity']): string {
  return `The first entry of a transparency log.\norigin: ${origin}\ntree ID: ${treeID}\n`;
}

/** Returns the proposal. Throws KEY_FILE_INVALID for a key that signs no entry of the v2 API: RSA of another size. */
export function genesisProposal(identity: Log['identity'], signer: Signer): ProposedEntry {
  const statement = Buffer.from(genesisStatement(identity));
  const { hash, signature } = signer.signDigest(statement);
  const algorithm = algorithmName(readPublicKey(signer.publicKeyDer), hash);
  const name = algorithm === undefined ? undefined : keyDetailsOf(algorithm);
  const keyDetails = name === undefined ? undefined : PUBLIC_KEY_DETAILS.get(name);
  if (keyDetails === undefined) {
    throw new LogError(
      'KEY_FILE_INVALID',
      'an RSA key of this size signs no entry of the v2 API: use one of 2048, 3072 or 4096 bits, or --genesis-entry false',
    );
  }
  const spec: HashedrekordRequest = {
    digest: createHash(hash).update(statement).digest(),
    signature: {
      content: signature,
      verifier: { form: 'publicKey', rawBytes: signer.publicKeyDer, keyDetails },
    },
  };
  return { kind: 'hashedrekord', apiVersion: '0.0.2', api: 'v2', spec };
}
