/**
 * Chains of certificates as Rekor judges them (spec section 4, x509): leaf first, the last one is trusted,
 * at the moment that the leaf's validity begins, for any key usage. So a chain that was good once stays
 * good for ever, and says nothing about who trusts its root.
 *
 * In scope: is there a path from the leaf to the last certificate. Out of scope: name constraints and
 * policies, which no issuer of signing certificates uses here.
 */

import { X509Certificate } from 'node:crypto';
import { equalBytes } from '../encoding/bytes.js';
import type { Certificate } from './certificate.js';

/** Signatures by these algorithms prove nothing any more: RSA, ECDSA and DSA with MD2, MD5 or SHA-1. */
const BROKEN_SIGNATURES: ReadonlySet<string> = new Set([
  '1.2.840.113549.1.1.2',
  '1.2.840.113549.1.1.4',
  '1.2.840.113549.1.1.5',
  '1.3.14.3.2.29',
  '1.2.840.10045.4.1',
  '1.2.840.10040.4.3',
]);

/**
 * Returns undefined when `chain` leads from its first certificate to its last, else the reason in Rekor's
 * words. The order of the certificates in between does not matter. One certificate alone is a chain.
 */
export function chainProblem(chain: readonly Certificate[]): string | undefined {
  const leaf = chain[0];
  if (leaf === undefined) return 'no certificate chain provided';
  if (chain.length === 1) return undefined;
  const problem = ownProblem(leaf, leaf.notBeforeSeconds);
  if (problem !== undefined) return problem;
  const root = chain[chain.length - 1] as Certificate;
  if (equalBytes(leaf.der, root.der)) return undefined;
  const middle = chain.slice(1, -1);
  return leadsTo(root, leaf, middle, 0, startWalk(leaf.notBeforeSeconds))
    ? undefined
    : 'x509: certificate signed by unknown authority';
}

/**
 * Ten certificates at most, each used once on a path. Certificates that all sign one another still allow
 * 8! paths, so each of the hundred possible signatures is checked at most once.
 */
function leadsTo(
  root: Certificate,
  child: Certificate,
  candidates: readonly Certificate[],
  issuersBelow: number,
  walk: Walk,
): boolean {
  if (mayIssue(root, issuersBelow, walk.atSeconds) && walk.isIssuedBy(child, root)) return true;
  return candidates.some(
    (issuer) =>
      issuer.basicConstraints?.isAuthority === true &&
      mayIssue(issuer, issuersBelow, walk.atSeconds) &&
      walk.isIssuedBy(child, issuer) &&
      leadsTo(
        root,
        issuer,
        candidates.filter((other) => other !== issuer),
        issuersBelow + 1,
        walk,
      ),
  );
}

interface Walk {
  readonly atSeconds: number;
  readonly isIssuedBy: (child: Certificate, issuer: Certificate) => boolean;
}

function startWalk(atSeconds: number): Walk {
  const known = new Map<Certificate, Map<Certificate, boolean>>();
  return {
    atSeconds,
    isIssuedBy(child, issuer) {
      const ofChild = known.get(child) ?? new Map<Certificate, boolean>();
      known.set(child, ofChild);
      const verdict = ofChild.get(issuer) ?? isIssuedBy(child, issuer);
      ofChild.set(issuer, verdict);
      return verdict;
    },
  };
}

function mayIssue(issuer: Certificate, issuersBelow: number, atSeconds: number): boolean {
  if (ownProblem(issuer, atSeconds) !== undefined || !issuer.mayIssue) return false;
  const constraints = issuer.basicConstraints;
  if (constraints === undefined) return issuer.version < 3;
  if (!constraints.isAuthority) return false;
  return constraints.maxPathLength === undefined || issuersBelow <= constraints.maxPathLength;
}

function isIssuedBy(child: Certificate, issuer: Certificate): boolean {
  if (!equalBytes(child.issuer, issuer.subject)) return false;
  if (BROKEN_SIGNATURES.has(child.signatureAlgorithm)) return false;
  try {
    return new X509Certificate(child.der).verify(new X509Certificate(issuer.der).publicKey);
  } catch {
    // OpenSSL cannot read the certificate or its key: then it proves nothing either.
    return false;
  }
}

function ownProblem(certificate: Certificate, atSeconds: number): string | undefined {
  if (certificate.hasUnhandledCritical) return 'x509: unhandled critical extension';
  if (atSeconds < certificate.notBeforeSeconds || atSeconds > certificate.notAfterSeconds) {
    return 'x509: certificate has expired or is not yet valid';
  }
  return undefined;
}
