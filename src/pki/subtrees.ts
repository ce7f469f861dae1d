/**
 * Sets of subtrees of names, as name constraints state them (RFC 5280 section 4.2.1.10): sorted, without
 * those that lie in another one, so that one look beside the place of a name tells whether it is covered.
 *
 * In scope: domains and networks, with the choices of Go's crypto/x509 where the RFC leaves any. Out of
 * scope: e-mail addresses and URIs as wholes, and which set permits or excludes (name-constraints.ts). Work
 * is bounded by n log n for n subtrees and log n for each name.
 */

import { asIpv4, ipAddressText } from './ip-address.js';

/** Returns the subtree that covers `name`, undefined when none does. */
export type SubtreeSearch<Name, Subtree> = (name: Name) => Subtree | undefined;

/** A network of a constraint: octets of one length, 4 or 16. */
export interface Network {
  readonly address: Uint8Array;
  readonly mask: Uint8Array;
}

/**
 * Returns a search through `domains`; the empty domain covers everything. An excluded domain also covers
 * the wildcard `*.parent` that could stand for it.
 */
export function searchDomains(
  domains: readonly string[],
  purpose: 'permitted' | 'excluded',
): SubtreeSearch<string, string> {
  if (domains.includes('')) return () => '';
  const trees = withoutCovered(
    domains
      .map((text) => ({ text, key: domainKey(text) }))
      .sort((a, b) => compareText(a.key, b.key)),
    (outer, inner) => coversDomain(outer.key, inner.key),
  );
  const byParent = new Map<string, string>();
  if (purpose === 'excluded') {
    for (const { text } of trees) {
      const lower = text.toLowerCase();
      const parent = withoutFirstLabel(lower);
      if (parent !== '') byParent.set(parent, lower);
    }
  }
  return (name) => {
    const key = domainKey(name);
    const found = nearest(
      trees,
      (tree) => compareText(tree.key, key),
      (tree) => coversDomain(tree.key, key),
    );
    if (found !== undefined) return found.text;
    return name.startsWith('*') ? byParent.get(withoutFirstLabel(name.toLowerCase())) : undefined;
  };
}

/** Returns a search for addresses of 4 or 16 octets through `networks`. */
export function searchNetworks(networks: readonly Network[]): SubtreeSearch<Uint8Array, Network> {
  const ofLength = (length: number) =>
    withoutCovered(
      networks
        .filter(({ address }) => address.length === length)
        .sort((a, b) => compareOctets(a.address, b.address) || compareOctets(a.mask, b.mask)),
      containsNetwork,
    );
  const ipv4 = ofLength(4);
  const ipv6 = ofLength(16);
  return (address) =>
    nearest(
      address.length === 4 ? ipv4 : ipv6,
      (network) => compareOctets(network.address, address),
      (network) => contains(network, address),
    );
}

/** Returns the network as text: address, stroke, length of the prefix. */
export function networkText(network: Network): string {
  const { address, mask } = narrowed(network);
  let prefix = 0;
  for (const octet of mask) prefix += octet === 0xff ? 8 : Math.clz32(~(octet << 24));
  return `${ipAddressText(address)}/${prefix}`;
}

/** `sorted` without each item that the last one kept covers. */
function withoutCovered<T>(sorted: readonly T[], covers: (outer: T, inner: T) => boolean): T[] {
  const kept: T[] = [];
  for (const item of sorted) {
    const last = kept[kept.length - 1];
    if (last === undefined || !covers(last, item)) kept.push(item);
  }
  return kept;
}

/** The item equal to what is sought, else the one before its place (or the first) if that covers it. */
function nearest<T>(
  sorted: readonly T[],
  compare: (item: T) => number,
  covers: (item: T) => boolean,
): T | undefined {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compare(sorted[middle] as T) < 0) low = middle + 1;
    else high = middle;
  }
  const place = sorted[low];
  if (place !== undefined && compare(place) === 0) return place;
  const before = sorted[Math.max(low - 1, 0)];
  return before !== undefined && covers(before) ? before : undefined;
}

/**
 * The name backwards, in lower case, the full stop before all other characters: then everything below a
 * domain follows it directly.
 */
function domainKey(name: string): string {
  let key = '';
  for (let at = name.length - 1; at >= 0; at--) {
    const character = name[at] as string;
    key += character === '.' ? '\0' : character;
  }
  return key.toLowerCase();
}

function coversDomain(outer: string, inner: string): boolean {
  if (!inner.startsWith(outer)) return false;
  return outer.length === inner.length || outer.endsWith('\0') || inner[outer.length] === '\0';
}

function withoutFirstLabel(name: string): string {
  const stop = name.indexOf('.');
  return stop < 0 ? '' : name.slice(stop);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function compareOctets(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const difference = (a[at] as number) - (b[at] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

function containsNetwork(outer: Network, inner: Network): boolean {
  const last = inner.address.map((octet, at) => octet | (~(inner.mask[at] as number) & 0xff));
  return contains(outer, inner.address) && contains(outer, last);
}

function contains(network: Network, candidate: Uint8Array): boolean {
  const { address, mask } = narrowed(network);
  const octets = asIpv4(candidate) ?? candidate;
  return (
    octets.length === address.length &&
    octets.every((octet, at) => ((octet ^ (address[at] as number)) & (mask[at] as number)) === 0)
  );
}

/** An IPv4 network mapped into IPv6 counts as IPv4. */
function narrowed({ address, mask }: Network): Network {
  const four = asIpv4(address);
  if (four === undefined || address.length === 4) return { address, mask };
  return { address: four, mask: mask.subarray(12) };
}
