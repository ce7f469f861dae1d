/**
 * Names of certificates held against name constraints (RFC 5280 section 4.2.1.10), as Go's crypto/x509
 * judges them and with its words.
 *
 * In scope: DNS names, e-mail addresses, URIs and IP addresses. Out of scope: which authority stands above
 * which certificate (certificate-chain.ts).
 */

import { goQuoteOctets } from '../encoding/go-quote.js';
import { isDomainName, type Mailbox, readMailbox } from './domain-name.js';
import { ipAddressText, readIpAddress } from './ip-address.js';
import type { NameConstraints } from './name-constraints.js';
import type { AlternativeNames } from './subject-names.js';
import { networkText, type SubtreeSearch, searchDomains, searchNetworks } from './subtrees.js';

/**
 * Returns a function that tells why names are not allowed under `constraints`, in Rekor's words, undefined
 * when they are.
 */
export function nameConstraintsCheck(
  constraints: NameConstraints,
): (names: ConstrainedNames) => string | undefined {
  const { permitted, excluded } = constraints;
  const addressProblem = ruleFor(
    'IP address',
    permitted.networks.length > 0 ? searchNetworks(permitted.networks) : undefined,
    excluded.networks.length > 0 ? searchNetworks(excluded.networks) : undefined,
    networkText,
  );
  const domainRule = (kind: string, allowed: readonly string[], barred: readonly string[]) =>
    ruleFor(
      kind,
      allowed.length > 0 ? searchDomains(allowed, 'permitted') : undefined,
      barred.length > 0 ? searchDomains(barred, 'excluded') : undefined,
      (domain) => domain,
    );
  const dnsProblem = domainRule('DNS name', permitted.dns, excluded.dns);
  const uriProblem = domainRule('URI', permitted.uris, excluded.uris);
  const emailProblem = ruleFor(
    'email address',
    permitted.emails.length > 0 ? searchMailboxes(permitted.emails, 'permitted') : undefined,
    excluded.emails.length > 0 ? searchMailboxes(excluded.emails, 'excluded') : undefined,
    (subtree) => subtree,
  );
  return (names) =>
    firstProblem(names.addresses, (address) => addressProblem(address, ipAddressText(address))) ??
    firstProblem(names.dns, (name) =>
      isDomainName(name)
        ? dnsProblem(name, name)
        : `x509: cannot parse dnsName ${goQuoteOctets(name)}`,
    ) ??
    firstProblem(names.uris, ({ domain, text }) =>
      isDomainName(domain)
        ? uriProblem(domain, text)
        : `x509: internal error: URI SAN ${goQuoteOctets(text)} failed to parse`,
    ) ??
    firstProblem(names.mailboxes, (mailbox) => emailProblem(mailbox, mailboxText(mailbox)));
}

/** Names in the form that constraints look at. */
export interface ConstrainedNames {
  readonly dns: readonly string[];
  readonly addresses: readonly Uint8Array[];
  /** The host without its port, and the whole URI. */
  readonly uris: readonly { readonly domain: string; readonly text: string }[];
  /** Domains in lower case. */
  readonly mailboxes: readonly Mailbox[];
}

/** Returns `names` for comparison, or why they cannot be compared with any constraint, in Rekor's words. */
export function constrainedNames(
  names: AlternativeNames,
): ConstrainedNames | { readonly problem: string } {
  const uris: { domain: string; text: string }[] = [];
  for (const { host, text } of names.uris) {
    const domain = uriDomain(host, text);
    if (typeof domain !== 'string') return domain;
    uris.push({ domain, text });
  }
  const mailboxes: Mailbox[] = [];
  for (const email of names.emails) {
    const mailbox = readMailbox(email);
    if (mailbox === undefined)
      return { problem: `cannot parse rfc822Name ${goQuoteOctets(email)}` };
    mailboxes.push({ local: mailbox.local, domain: mailbox.domain.toLowerCase() });
  }
  return { dns: names.dns, addresses: names.addresses, uris, mailboxes };
}

function ruleFor<Name, Subtree>(
  kind: string,
  permitted: SubtreeSearch<Name, Subtree> | undefined,
  excluded: SubtreeSearch<Name, Subtree> | undefined,
  textOf: (subtree: Subtree) => string,
): (name: Name, text: string) => string | undefined {
  return (name, text) => {
    if (permitted !== undefined && permitted(name) === undefined) {
      return `${kind} ${goQuoteOctets(text)} is not permitted by any constraint`;
    }
    const subtree = excluded?.(name);
    if (subtree === undefined) return undefined;
    return `${kind} ${goQuoteOctets(text)} is excluded by constraint ${goQuoteOctets(textOf(subtree))}`;
  };
}

/** A constraint is a whole address, or a domain as for DNS names. */
function searchMailboxes(
  constraints: readonly string[],
  purpose: 'permitted' | 'excluded',
): SubtreeSearch<Mailbox, string> {
  const domains = constraints.filter((constraint) => !constraint.includes('@'));
  const searchDomain = domains.length > 0 ? searchDomains(domains, purpose) : undefined;
  const addresses = new Set<string>();
  for (const constraint of constraints) {
    const mailbox = constraint.includes('@') ? readMailbox(constraint) : undefined;
    if (mailbox === undefined) continue;
    addresses.add(addressKey(mailbox.local, mailbox.domain.toLowerCase()));
  }
  return (mailbox) =>
    addresses.has(addressKey(mailbox.local, mailbox.domain))
      ? mailboxText(mailbox)
      : searchDomain?.(mailbox.domain);
}

/** Both parts may hold an at sign, so the length says where the first one ends. */
function addressKey(local: string, domain: string): string {
  return `${local.length} ${local}@${domain}`;
}

function mailboxText({ local, domain }: Mailbox): string {
  return `${local}@${domain}`;
}

function uriDomain(host: string, text: string): string | { readonly problem: string } {
  if (host === '') {
    const problem = `URI with empty host (${goQuoteOctets(text)}) cannot be matched against constraints`;
    return { problem };
  }
  const hasPort = host.includes(':') && !host.endsWith(']');
  const domain = hasPort ? withoutPort(host) : host.toLowerCase();
  if (typeof domain !== 'string') {
    const reason = `address ${host}: ${domain.problem}`;
    return { problem: `cannot parse URI host ${goQuoteOctets(host)}: ${reason}` };
  }
  if (readIpAddress(domain).version !== undefined || /^\[.*\]$/.test(domain)) {
    return {
      problem: `URI with IP (${goQuoteOctets(text)}) cannot be matched against constraints`,
    };
  }
  return domain;
}

function withoutPort(host: string): string | { readonly problem: string } {
  const portAt = host.lastIndexOf(':');
  if (host.startsWith('[')) {
    const end = host.indexOf(']');
    if (end + 1 === portAt) return host.slice(1, end);
    const isColon = host[end + 1] === ':';
    return { problem: isColon ? 'too many colons in address' : 'missing port in address' };
  }
  const name = host.slice(0, portAt);
  if (name.includes(':')) return { problem: 'too many colons in address' };
  return name.includes(']') ? { problem: "unexpected ']' in address" } : name;
}

function firstProblem<T>(
  items: readonly T[],
  problemOf: (item: T) => string | undefined,
): string | undefined {
  for (const item of items) {
    const problem = problemOf(item);
    if (problem !== undefined) return problem;
  }
  return undefined;
}
