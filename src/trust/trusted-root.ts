/**
 * trusted_root.json: whose signatures a verifier believes, and for which times.
 *
 * Spec: message TrustedRoot of sigstore_trustroot.proto. The media type is the older form of version 0.1, which every
 * client reads; members stand in the order of the messages, lists from the oldest to the newest.
 */

import { sha256 } from '#sha256';
import { toBase64 } from '../encoding/base64.js';
import { logKeyDetails, publicKeyDetails } from './key-details.js';
import { hasOneID, type LogAnchor, logIDs, type ValidityWindow } from './log-anchor.js';
import type { AuthorityMaterial, CtLogMaterial, TrustMaterial } from './material.js';
import { timeRange } from './time-range.js';

/** Returns the document as a JSON value. Throws KEY_MALFORMED for a log whose key clients have no name for. */
export function trustedRoot(log: LogAnchor, material: TrustMaterial): object {
  return {
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    tlogs: logInstances(log),
    certificateAuthorities: oldestFirst(material.certificateAuthorities).map(authority),
    ctlogs: oldestFirst(material.ctLogs).map(ctLogInstance),
    timestampAuthorities: oldestFirst(material.timestampAuthorities).map(authority),
  };
}

/**
 * Clients find the log by the ID in the entry, and compare the host of `baseUrl` with the name on the checkpoint: that
 * name stands there, wherever the log is reached. One entry serves both APIs where they have one ID.
 */
function logInstances(log: LogAnchor): readonly object[] {
  const ids = logIDs(log.hostname, log.publicKeyDer);
  return (hasOneID(ids) ? [ids.v1] : [ids.v1, ids.v2]).map((logID) =>
    logInstance({
      baseUrl: `https://${log.hostname}`,
      publicKeyDer: log.publicKeyDer,
      keyDetails: logKeyDetails(log.publicKeyDer),
      validFor: { startSeconds: log.validFromSeconds },
      logID,
      operator: log.operator,
    }),
  );
}

function ctLogInstance({ url, publicKeyDer, validFor, operator }: CtLogMaterial): object {
  const keyDetails = publicKeyDetails(publicKeyDer);
  const logID = sha256(publicKeyDer);
  return logInstance({ baseUrl: url, publicKeyDer, keyDetails, validFor, logID, operator });
}

interface LogInstance {
  readonly baseUrl: string;
  readonly publicKeyDer: Uint8Array;
  readonly keyDetails: string;
  readonly validFor: ValidityWindow;
  readonly logID: Uint8Array;
  readonly operator: string;
}

function logInstance(log: LogInstance): object {
  return {
    baseUrl: log.baseUrl,
    hashAlgorithm: 'SHA2_256',
    publicKey: {
      rawBytes: toBase64(log.publicKeyDer),
      keyDetails: log.keyDetails,
      validFor: timeRange(log.validFor),
    },
    logId: { keyId: toBase64(log.logID) },
    operator: log.operator,
  };
}

function authority(material: AuthorityMaterial): object {
  return {
    subject: material.subject,
    uri: material.url,
    certChain: {
      certificates: material.certificates.map((der) => ({ rawBytes: toBase64(der) })),
    },
    validFor: timeRange(material.validFor),
    operator: material.operator,
  };
}

function oldestFirst<Material extends { readonly validFor: ValidityWindow }>(
  materials: readonly Material[],
): readonly Material[] {
  return [...materials].sort((a, b) => a.validFor.startSeconds - b.validFor.startSeconds);
}
