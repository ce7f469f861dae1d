import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDomainConstraint, isDomainName, readMailbox } from '../../src/pki/domain-name.js';
import { networkText, searchDomains, searchNetworks } from '../../src/pki/subtrees.js';

test('a domain covers itself and what is below it, whatever the case of letters', () => {
  const search = searchDomains(['b.com', 'a.com', '.sub.org', 'x.a.com'], 'permitted');
  for (const [name, domain] of [
    ['a.com', 'a.com'],
    ['A.COM', 'a.com'],
    ['x.A.com', 'a.com'],
    ['a-a.com', undefined],
    ['aa.com', undefined],
    ['com', undefined],
    ['', undefined],
    ['sub.org', undefined],
    ['a.sub.org', '.sub.org'],
    ['*.a.com', 'a.com'],
  ] as const) {
    assert.equal(search(name), domain, name);
  }
  assert.equal(searchDomains(['a.com', ''], 'permitted')('anything'), '');
});

test('an excluded domain also covers the wildcard that could stand for it', () => {
  assert.equal(searchDomains(['a.b.com'], 'excluded')('*.B.com'), 'a.b.com');
  assert.equal(searchDomains(['a.b.com'], 'permitted')('*.b.com'), undefined);
  assert.equal(searchDomains(['com'], 'excluded')('*'), undefined);
});

test('a search through many domains agrees with looking at each', () => {
  const domains = Array.from({ length: 4000 }, (_, at) => `d${at % 613}.e${at % 97}.f${at % 13}`);
  const search = searchDomains(domains, 'permitted');
  for (let at = 0; at < 2000; at++) {
    const name = `g.d${at % 619}.e${at % 101}.f${at % 11}`;
    const covered = domains.some((domain) => name.endsWith(`.${domain}`));
    assert.equal(search(name) !== undefined, covered, name);
  }
});

test('an address lies in a network of its own length', () => {
  const network = { address: Uint8Array.of(10, 0, 0, 5), mask: Uint8Array.of(255, 0, 0, 0) };
  const search = searchNetworks([network]);
  assert.equal(search(Uint8Array.of(10, 9, 9, 9)), network);
  assert.equal(search(Uint8Array.of(11, 0, 0, 5)), undefined);
  assert.equal(search(new Uint8Array(16)), undefined);
  assert.equal(networkText(network), '10.0.0.5/8');
});

test('domain names and mailboxes are taken as leniently as Go takes them', () => {
  for (const [text, name, constraint] of [
    ['', true, true],
    ['a', true, true],
    ['a_b.*.c', true, true],
    ['.a', false, true],
    ['..a', false, false],
    ['a.', false, false],
    ['.', false, false],
    ['a..b', false, false],
    ['a b', false, false],
  ] as const) {
    assert.equal(isDomainName(text), name, text);
    assert.equal(isDomainConstraint(text), constraint, text);
  }
  for (const [text, mailbox] of [
    ['a@b', { local: 'a', domain: 'b' }],
    ['a@', { local: 'a', domain: '' }],
    ['"a b\\"c"@d', { local: 'a b"c', domain: 'd' }],
    ['a\\@b@c', { local: 'a@b', domain: 'c' }],
    ['a.b@c', { local: 'a.b', domain: 'c' }],
    ['a..b@c', undefined],
    ['.a@c', undefined],
    ['@c', undefined],
    ['a', undefined],
    ['a\\', undefined],
    ['"a@c', undefined],
    ['"\t"@c', undefined],
    ['"\\\t"@c', { local: '\t', domain: 'c' }],
    ['', undefined],
  ] as const) {
    assert.deepEqual(readMailbox(text), mailbox, text);
  }
});
