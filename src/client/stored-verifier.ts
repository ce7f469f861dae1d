/**
 * Signatures with their verifiers, as entries of the v2 API store them.
 *
 * Spec: dev.sigstore.rekor.v2.Signature in protobuf's JSON. In scope: reading. Out of scope: whether it is the stored
 * form to the byte, which whoever makes the leaf again finds out. Pure.
 */

import { utf8 } from '../encoding/bytes.js';
import { encodePem } from '../encoding/pem.js';
import { PUBLIC_KEY_DETAILS } from '../entries/shared/public-key-details.js';
import type { VerifierMessage } from '../entries/v2-messages.js';
import { LogError } from '../errors.js';
import type { Signer } from './check-signer.js';
import { base64At, optional, type Place, required, textAt } from './json-reader.js';

/** A signature of such an entry. */
export interface StoredSignature {
  readonly content: Uint8Array;
  readonly verifier: VerifierMessage & { readonly form: 'publicKey' | 'x509Certificate' };
}

/** Returns the signature at a place. Throws ENCODING_MALFORMED. */
export function readStoredSignature(place: Place): StoredSignature {
  const verifier = required(place, 'verifier');
  const certificate = optional(verifier, 'x509Certificate');
  const details = required(verifier, 'keyDetails');
  const keyDetails = PUBLIC_KEY_DETAILS.get(textAt(details));
  if (keyDetails === undefined) {
    throw new LogError('ENCODING_MALFORMED', `${details.path} is no algorithm that has a name`);
  }
  return {
    content: base64At(required(place, 'content')),
    verifier: {
      form: certificate === undefined ? 'publicKey' : 'x509Certificate',
      rawBytes: base64At(required(certificate ?? required(verifier, 'publicKey'), 'rawBytes')),
      keyDetails,
    },
  };
}

/** Returns who signed, as entries of the v1 API name them. */
export function storedSigner({ verifier }: StoredSignature): Signer {
  const label = verifier.form === 'publicKey' ? 'PUBLIC KEY' : 'CERTIFICATE';
  return { format: 'x509', key: utf8(encodePem(label, verifier.rawBytes)) };
}
