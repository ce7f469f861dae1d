/**
 * trusted_root.json: whose signatures a verifier believes, and for which times.
 *
 * Spec: message TrustedRoot of sigstore_trustroot.proto. The media type is the older form of version 0.1, which every
 * client reads; members stand in the order of the messages, lists from the oldest to the newest.
 */

import { sha256 } from '#sha256';
import { toBase64 } from '../encoding/base64.js';
import { toHex } from '../encoding/hex.js';
import { logKeyDetails, publicKeyDetails } from './key-details.js';
import { hasOneID, type LogAnchor, logIDs } from './log-anchor.js';
import type { AuthorityMaterial, LogMaterial, TrustMaterial } from './material.js';
import { hostOf } from './service-url.js';
import { timeRange, type ValidityWindow } from './time-range.js';

/** Returns the document as a JSON value. Throws KEY_MALFORMED for a log whose key clients have no name for. */
export function trustedRoot(log: LogAnchor, material: TrustMaterial): object {
  return {
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    tlogs: logInstances(log, material.otherLogs),
    certificateAuthorities: oldestFirst(material.certificateAuthorities).map(authority),
    ctlogs: oldestFirst(material.ctLogs).map(ctLogInstance),
    timestampAuthorities: oldestFirst(material.timestampAuthorities).map(authority),
  };
}

/** Go clients refuse all entries of an ID that stands a second time: this log comes before those that repeat it. */
function logInstances(log: LogAnchor, others: readonly LogMaterial[]): readonly object[] {
  const own = instancesOf(log.hostname, {
    // Clients compare the host with the name on the checkpoint: the name stands here, wherever the log is reached.
    url: `https://${log.hostname}`,
    publicKeyDer: log.publicKeyDer,
    validFor: { startSeconds: log.validFromSeconds },
    operator: log.operator,
  });
  const byID = new Map<string, LogInstance>();
  for (const instance of [
    own,
    ...others.map((other) => instancesOf(hostOf(other.url), other)),
  ].flat()) {
    const id = toHex(instance.logID);
    if (!byID.has(id)) byID.set(id, instance);
  }
  return oldestFirst([...byID.values()]).map(logInstance);
}

/** Clients find a log by the ID in the entry; one instance serves both APIs where they know the log by one ID. */
function instancesOf(name: string, { url, ...log }: LogMaterial): readonly LogInstance[] {
  const ids = logIDs(name, log.publicKeyDer);
  const keyDetails = logKeyDetails(log.publicKeyDer);
  return (hasOneID(ids) ? [ids.v1] : [ids.v1, ids.v2]).map((logID) => ({
    ...log,
    baseUrl: url,
    keyDetails,
    logID,
  }));
}

function ctLogInstance({ url, publicKeyDer, validFor, operator }: LogMaterial): object {
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
