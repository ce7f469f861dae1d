/** The files of the trust kit, as text: the same bytes from the command line and from the server. */

import { encodePem } from '../encoding/pem.js';
import type { LogAnchor } from './log-anchor.js';
import type { TrustMaterial } from './material.js';
import { signingConfig } from './signing-config.js';
import { trustedRoot } from './trusted-root.js';

/** The names of the files. */
export const TRUST_FILES = [
  'trusted-root.json',
  'signing-config.json',
  'client-trust-config.json',
  'log.pub',
  'log.vkey',
] as const;

/** One of TRUST_FILES. */
export type TrustFile = (typeof TRUST_FILES)[number];

/** The text of each file. */
export type TrustDocuments = Readonly<Record<TrustFile, string>>;

/**
 * Returns the documents, which depend on nothing but the arguments: `log.pub` is the key that signs entries and
 * checkpoints, PEM; `log.vkey` has the verifier keys, one a line. Throws KEY_MALFORMED.
 */
export function trustDocuments(log: LogAnchor, material: TrustMaterial): TrustDocuments {
  const root = trustedRoot(log, material);
  const config = signingConfig(log, material);
  return Object.freeze({
    'trusted-root.json': jsonText(root),
    'signing-config.json': jsonText(config),
    'client-trust-config.json': jsonText({
      mediaType: 'application/vnd.dev.sigstore.clienttrustconfig.v0.1+json',
      trustedRoot: root,
      signingConfig: config,
    }),
    'log.pub': encodePem('PUBLIC KEY', log.publicKeyDer),
    'log.vkey': log.verifierKeys.map((vkey) => `${vkey}\n`).join(''),
  });
}

function jsonText(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
