/**
 * Chains of certificates as Rekor judges them: leaf first, the last one is trusted, at the moment that the leaf's
 * validity begins, for any key usage. So a chain that was good once stays good for ever, and says nothing about who
 * trusts its root.
 *
 * In scope: is there a path from the leaf to the last certificate whose authorities may issue what they
 * issued, for the names that they issued it for; the reason in the words of Go's crypto/x509, which Rekor
 * passes on. Out of scope: certificate policies, which no issuer of signing certificates uses here.
 */

import { equalBytes } from '../encoding/bytes.js';
import { goQuoteOctets } from '../encoding/go-quote.js';
import { toHex } from '../encoding/hex.js';
import type { Certificate } from './certificate.js';
import { shortName } from './distinguished-name.js';
import { issuerSignatureProblem } from './issuer-signature.js';
import { constrainedNames, nameConstraintsCheck } from './name-constraint-check.js';

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
  const found = pathsFrom([leaf], startSearch(root, chain.slice(1, -1), leaf.notBeforeSeconds));
  if (found.problem !== undefined) return found.problem;
  const nameVerdict = startNameChecks();
  let firstProblem: string | undefined;
  for (const path of found.paths) {
    const reason = nameProblem(path, nameVerdict);
    if (reason === undefined) return undefined;
    firstProblem ??= reason;
  }
  return `x509: a root or intermediate certificate is not authorized to sign for this name: ${firstProblem}`;
}

/**
 * Certificates that all sign one another allow very many paths: a search ends after this many looks at a
 * candidate, as Rekor's does.
 */
const MAX_CANDIDATES = 100;
const LIMIT_REACHED =
  'x509: signature check attempts limit reached while verifying certificate chain';

interface Search {
  readonly root: Certificate;
  /** Each once. */
  readonly intermediates: readonly Certificate[];
  readonly atSeconds: number;
  readonly signatureProblem: PairVerdict;
  /** Candidates looked at so far. */
  candidates: number;
}

type PairVerdict = (child: Certificate, issuer: Certificate) => string | undefined;

interface Found {
  readonly paths: readonly (readonly Certificate[])[];
  /** Why there are none; undefined when there are. */
  readonly problem: string | undefined;
}

function startSearch(root: Certificate, middle: readonly Certificate[], atSeconds: number): Search {
  const intermediates: Certificate[] = [];
  for (const certificate of middle) {
    if (!intermediates.some(({ der }) => equalBytes(der, certificate.der))) {
      intermediates.push(certificate);
    }
  }
  return {
    root,
    intermediates,
    atSeconds,
    signatureProblem: remembered(issuerSignatureProblem),
    candidates: 0,
  };
}

/** All paths from the last certificate of `path` to the root, `path` in front. At most ten deep. */
function pathsFrom(path: readonly Certificate[], search: Search): Found {
  const child = path[path.length - 1] as Certificate;
  const paths: (readonly Certificate[])[] = [];
  let problem: string | undefined;
  let hint = '';
  for (const issuer of candidateIssuers(child, search)) {
    search.candidates++;
    if (search.candidates > MAX_CANDIDATES) {
      problem = LIMIT_REACHED;
      break;
    }
    if (!hasKnownKey(issuer) || path.some((other) => isSameAuthority(other, issuer))) continue;
    const reason = search.signatureProblem(child, issuer);
    if (reason !== undefined) {
      hint ||= hintText(reason, issuer);
      continue;
    }
    // The outcome of the last candidate stands, whatever the ones before it were: so it does in Rekor.
    problem = issuerProblem(issuer, path.length - 1, search);
    if (problem !== undefined) continue;
    if (issuer === search.root) {
      paths.push([...path, issuer]);
      continue;
    }
    const found = pathsFrom([...path, issuer], search);
    paths.push(...found.paths);
    problem = found.problem;
    if (problem === LIMIT_REACHED) break;
  }
  if (paths.length > 0) return { paths, problem: undefined };
  return { paths, problem: problem ?? `x509: certificate signed by unknown authority${hint}` };
}

/** The root first; among intermediates those whose key ID is the one that the child names. */
function candidateIssuers(child: Certificate, search: Search): Certificate[] {
  const named = search.intermediates.filter(({ subject }) => equalBytes(subject, child.issuer));
  const ranked = named
    .map((issuer) => ({ issuer, rank: keyRank(child.authorityKeyID, issuer.subjectKeyID) }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ issuer }) => issuer);
  return equalBytes(search.root.subject, child.issuer) ? [search.root, ...ranked] : ranked;
}

function keyRank(wanted: Uint8Array, present: Uint8Array): number {
  if (equalBytes(wanted, present)) return 0;
  return wanted.length === 0 || present.length === 0 ? 1 : 2;
}

function hasKnownKey({ publicKey }: Certificate): boolean {
  return publicKey.type !== 'unsupported' || publicKey.isKnown;
}

/** The same names for the same key: a second certificate of it would only lead in a circle. */
function isSameAuthority(a: Certificate, b: Certificate): boolean {
  if (!equalBytes(a.subject, b.subject) || !equalBytes(a.publicKey.der, b.publicKey.der)) {
    return false;
  }
  const first = a.alternativeNames?.encoding;
  const second = b.alternativeNames?.encoding;
  if (first === undefined || second === undefined) return first === second;
  return equalBytes(first, second);
}

function hintText(reason: string, issuer: Certificate): string {
  const serial = () => `serial:${BigInt(`0x${toHex(issuer.serialNumber)}`)}`;
  const name = shortName(issuer.subject) ?? serial();
  return ` (possibly because of ${goQuoteOctets(reason)} while trying to verify candidate authority certificate ${goQuoteOctets(name)})`;
}

function issuerProblem(
  issuer: Certificate,
  issuersBelow: number,
  search: Search,
): string | undefined {
  const problem = ownProblem(issuer, search.atSeconds);
  if (problem !== undefined) return problem;
  const constraints = issuer.basicConstraints;
  if (issuer !== search.root && constraints?.isAuthority !== true) {
    return 'x509: certificate is not authorized to sign other certificates';
  }
  if (constraints?.maxPathLength !== undefined && issuersBelow > constraints.maxPathLength) {
    return 'x509: too many intermediates for path length constraint';
  }
  return undefined;
}

function ownProblem(certificate: Certificate, atSeconds: number): string | undefined {
  if (certificate.hasUnhandledCritical) return 'x509: unhandled critical extension';
  const { notBeforeSeconds, notAfterSeconds } = certificate;
  const complaint = (relation: string, limit: number) =>
    `x509: certificate has expired or is not yet valid: current time ${timeText(atSeconds)} is ${relation} ${timeText(limit)}`;
  if (atSeconds < notBeforeSeconds) return complaint('before', notBeforeSeconds);
  if (atSeconds > notAfterSeconds) return complaint('after', notAfterSeconds);
  return undefined;
}

/** RFC 3339 in UTC, whole seconds. */
function timeText(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000', '');
}

/** Each certificate is compared with each authority once, on however many paths they meet. */
function startNameChecks(): PairVerdict {
  const namesOf = rememberedOne((certificate: Certificate) =>
    certificate.alternativeNames === undefined
      ? undefined
      : constrainedNames(certificate.alternativeNames),
  );
  const checkOf = rememberedOne((authority: Certificate) =>
    authority.nameConstraints === undefined
      ? undefined
      : nameConstraintsCheck(authority.nameConstraints),
  );
  return remembered((child, authority) => {
    const names = namesOf(child);
    if (names === undefined || 'problem' in names) return names?.problem;
    return checkOf(authority)?.(names);
  });
}

/** Every certificate with names answers to every authority above it that has constraints. */
function nameProblem(path: readonly Certificate[], nameVerdict: PairVerdict): string | undefined {
  for (const [at, child] of path.entries()) {
    for (const authority of path.slice(at + 1)) {
      if (authority.nameConstraints === undefined) continue;
      const problem = nameVerdict(child, authority);
      if (problem !== undefined) return problem;
    }
  }
  return undefined;
}

function remembered(verdict: PairVerdict): PairVerdict {
  const known = new Map<Certificate, Map<Certificate, string | undefined>>();
  return (child, issuer) => {
    const ofChild = known.get(child) ?? new Map<Certificate, string | undefined>();
    known.set(child, ofChild);
    if (!ofChild.has(issuer)) ofChild.set(issuer, verdict(child, issuer));
    return ofChild.get(issuer);
  };
}

function rememberedOne<T>(compute: (certificate: Certificate) => T): (key: Certificate) => T {
  const known = new Map<Certificate, T>();
  return (certificate) => {
    if (!known.has(certificate)) known.set(certificate, compute(certificate));
    return known.get(certificate) as T;
  };
}
