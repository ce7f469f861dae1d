/**
 * signing_config.json: where a signer goes.
 *
 * Spec: message SigningConfig of sigstore_trustroot.proto, version 0.2. Clients take the highest API that they know
 * among the services whose time has come; lists go from the newest to the oldest.
 */

import type { LogAnchor } from './log-anchor.js';
import type { TrustMaterial } from './material.js';
import { timeRange, type ValidityWindow } from './time-range.js';

/** Returns the document as a JSON value. */
export function signingConfig(log: LogAnchor, material: TrustMaterial): object {
  const logUrls = MAJOR_VERSIONS.filter(({ api }) => log.signingApis.includes(api));
  const logService = {
    url: log.publicUrl,
    validFor: { startSeconds: log.validFromSeconds },
    operator: log.operator,
  };
  return {
    mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json',
    caUrls: services(material.certificateAuthorities),
    oidcUrls: services(material.identityProviders),
    rekorTlogUrls: logUrls.map(({ majorApiVersion }) => service(logService, majorApiVersion)),
    rekorTlogConfig: { selector: 'ANY' },
    tsaUrls: services(material.timestampAuthorities),
    // sigstore-js wants an authority wherever a config stands.
    ...(material.timestampAuthorities.length > 0 && { tsaConfig: { selector: 'ANY' } }),
  };
}

/** The highest first: a client that takes the first one it knows then takes the one it should. */
const MAJOR_VERSIONS = [
  { api: 'v2', majorApiVersion: 2 },
  { api: 'v1', majorApiVersion: 1 },
] as const;

interface Reachable {
  readonly url: string;
  readonly validFor: ValidityWindow;
  readonly operator: string;
}

function services(materials: readonly Reachable[]): readonly object[] {
  return [...materials]
    .sort((a, b) => b.validFor.startSeconds - a.validFor.startSeconds)
    .map((material) => service(material, 1));
}

function service({ url, validFor, operator }: Reachable, majorApiVersion: number): object {
  return { url, majorApiVersion, validFor: timeRange(validFor), operator };
}
