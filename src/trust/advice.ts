/** What an operator should know before the documents are handed out: what some clients will not do with them. */

import { logKeyDetails } from './key-details.js';
import type { LogAnchor } from './log-anchor.js';
import type { TrustMaterial } from './material.js';
import { hostOf } from './service-url.js';

/** Returns sentences, the gravest first; none when every client can sign and verify. Throws KEY_MALFORMED. */
export function trustAdvice(log: LogAnchor, material: TrustMaterial): readonly string[] {
  return [...nameAdvice(log), ...keyAdvice(log), ...materialAdvice(log, material)];
}

/** Returns what is to be said of name and URL of a log alone. */
export function nameAdvice({
  hostname,
  publicUrl,
}: Pick<LogAnchor, 'hostname' | 'publicUrl'>): readonly string[] {
  const advice: string[] = [];
  if (!/^[a-z0-9._-]+$/.test(hostname)) {
    advice.push(
      `The log is named ${hostname}, which is more than a host name: cosign and sigstore-go compare the name with the host ` +
        'of a URL alone, and refuse entries of its v2 API. Only a new log can have another name.',
    );
  }
  // Monitors take the port along.
  if (hostname !== hostOf(publicUrl) && hostname !== new URL(publicUrl).host) {
    advice.push(
      `The host of ${publicUrl} is not the name of the log, ${hostname}. Clients that are given these documents do not mind; ` +
        'monitors, and tools that are given the URL alone, take its host for the name and refuse the checkpoints.',
    );
  }
  return advice;
}

function keyAdvice({ publicKeyDer }: LogAnchor): readonly string[] {
  const details = logKeyDetails(publicKeyDer);
  if (details === 'PKIX_ECDSA_P256_SHA_256') return [];
  const reason = details.startsWith('PKIX_ECDSA') ? OTHER_CURVE : REASONS[details];
  return [`The key of the log is ${details}: ${reason ?? RSA}. Every client takes P-256.`];
}

// Seen with cosign 3.1.3, sigstore-python 4.5.1 and @sigstore/verify 3.1.1.
const NO_SET = 'cosign and sigstore-go refuse entries of its v1 API';
const RSA = `${NO_SET}, and sigstore-js refuses the trusted root, where it reads RSA keys in an encoding of its own`;
const OTHER_CURVE =
  'cosign and sigstore-go refuse the trusted root, and sigstore-python the log, since they know no such key';
const REASONS: Readonly<Record<string, string>> = { PKIX_ED25519: NO_SET };

function materialAdvice(log: LogAnchor, material: TrustMaterial): readonly string[] {
  const { certificateAuthorities, ctLogs, timestampAuthorities } = material;
  const advice: string[] = [];
  if (log.signingApis.includes('v2') && timestampAuthorities.length === 0) {
    advice.push(
      'There is no timestamp authority, and the v2 API puts no time into its entries: nobody can verify signatures under ' +
        'short-lived certificates, and cosign refuses to make them. Start the server with --tsa, add an authority with ' +
        '--trust-tsa, or offer v1 alone with --trust-apis v1.',
    );
  }
  if (certificateAuthorities.length === 0) {
    advice.push(
      'There is no certificate authority: signers need keys of their own, and sigstore-python and the builder of sigstore-js, ' +
        'which use certificates alone, do not sign. Add one with --trust-fulcio.',
    );
  } else if (ctLogs.length === 0) {
    advice.push(
      'There is no certificate log (--trust-ctfe): clients refuse certificates, unless told to ignore SCTs.',
    );
  }
  return advice;
}
