/**
 * Addresses that belong to nobody's private network: where a webhook may go unless the operator says otherwise.
 *
 * In scope: the special ranges of IANA's registries, and looking a name up so that what was judged is what is connected
 * to. Out of scope: who may configure a webhook. No state.
 */

import { lookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

// A list each: one list would take an IPv4 address for the IPv6 address that it maps to.
const SPECIAL = { ipv4: new BlockList(), ipv6: new BlockList() };
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const) {
  SPECIAL.ipv4.addSubnet(network, prefix, 'ipv4');
}
// All that is not global unicast, and what in it leads elsewhere: translations, Teredo, 6to4, documentation.
for (const [network, prefix] of [
  ['::', 3],
  ['4000::', 2],
  ['8000::', 1],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const) {
  SPECIAL.ipv6.addSubnet(network, prefix, 'ipv6');
}

/** True for an IP address, in text, that anybody in the world may reach. */
export function isPublicAddress(address: string): boolean {
  const version = isIP(address);
  if (version === 0) return false;
  const family = version === 4 ? 'ipv4' : 'ipv6';
  return !SPECIAL[family].check(address, family);
}

/** A look-up that fails where a name leads to an address that is not public: the connection is made to what it gives. */
export const publicLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) {
      callback(error, '');
      return;
    }
    const [first] = addresses;
    const hidden = addresses.find(({ address }) => !isPublicAddress(address));
    if (first === undefined || hidden !== undefined) {
      callback(new Error(`${hostname} leads to a private address`), '');
    } else if (options.all === true) {
      callback(null, addresses);
    } else {
      callback(null, first.address, first.family);
    }
  });
};
