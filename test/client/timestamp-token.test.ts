import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { readJson } from '../../src/client/json-reader.js';
import {
  MAX_TIMESTAMP_BYTES,
  readTimestampAuthorities,
  type TimestampAuthority,
  timestampedSeconds,
} from '../../src/client/timestamp-token.js';
import { isLogError } from '../../src/errors.js';
import { vectorPath } from '../vectors.js';

const vectors = JSON.parse(readFileSync(vectorPath('client/timestamps.json'), 'utf8')) as {
  signed: string;
  certificates: Record<string, string>;
  timestamps: Record<string, string>;
};
const signed = Buffer.from(vectors.signed, 'base64');
const timestamp = (name: string) => Buffer.from(vectors.timestamps[name] ?? '', 'base64');
const second = (time: string) => Date.parse(time) / 1000;
const MADE = second('2026-11-22T20:29:28Z');

interface Window {
  readonly start?: string;
  readonly end?: string;
}

function authority(names: readonly string[], window: Window = {}): readonly TimestampAuthority[] {
  const certificates = names.map((name) => ({ rawBytes: vectors.certificates[name] }));
  const validFor = { start: '2024-01-01T00:00:00Z', ...window };
  const root = { timestampAuthorities: [{ certChain: { certificates }, validFor }] };
  return readTimestampAuthorities({ value: root, path: 'root' });
}

const CHAIN = ['authority', 'intermediate', 'root'];
const read = (name: string, by = authority(CHAIN)) =>
  timestampedSeconds(timestamp(name), signed, by);
const reason = (expected: RegExp) => (error: unknown) =>
  isLogError(error) && expected.test(error.message);

describe('a timestamp', () => {
  it('proves when the signature was there, whether it brings its certificates or not', () => {
    assert.equal(read('with certificates'), MADE);
    assert.equal(read('without certificates'), MADE);
    assert.equal(read('with SHA-512'), MADE);
  });

  it('verifies by a root that names no signer, if it brings its own certificates', () => {
    assert.equal(read('with certificates', authority(['intermediate', 'root'])), MADE);
    assert.equal(read('of the other authority', authority(['intermediate', 'root'])), MADE);
    const without = () => read('without certificates', authority(['intermediate', 'root']));
    assert.throws(without, reason(/certificate missing/));
  });

  it('verifies by a certificate that signs for itself', () => {
    assert.equal(read('by a lone authority', authority(['lone'])), MADE);
  });

  it('verifies by any of several authorities', () => {
    const several = [...authority(['lone']), ...authority(CHAIN)];
    assert.equal(read('with certificates', several), MADE);
    assert.equal(read('by a lone authority', several), MADE);
  });

  it('does not verify by another signer than the one that is named', () => {
    const named = () => read('of the other authority');
    assert.throws(named, reason(/another certificate than the one that is trusted/));
    assert.throws(() => read('by a lone authority'), reason(/another certificate/));
    assert.throws(() => read('by a stranger of the same name'), reason(/another certificate/));
    const byIssuer = () => read('by a lone authority', authority(['intermediate', 'root']));
    assert.throws(byIssuer, reason(/x509/));
  });

  it('does not verify when the chain leads elsewhere, or nobody is trusted', () => {
    const elsewhere = authority(['authority', 'intermediate', 'lone']);
    assert.throws(() => read('with certificates', elsewhere), reason(/x509/));
    assert.throws(() => read('with certificates', []), reason(/no timestamp authority is trusted/));
  });

  it('does not verify over another signature', () => {
    const other = () =>
      timestampedSeconds(timestamp('with certificates'), Buffer.from('x'), authority(CHAIN));
    assert.throws(other, reason(/not over this signature/));
  });

  it('does not verify by a weak hash', () => {
    assert.throws(() => read('with SHA-1'), reason(/hashes by 1\.3\.14\.3\.2\.26/));
  });

  it('does not verify outside the time of its authority, whose ends are within', () => {
    const at = '2026-11-22T20:29:28Z';
    assert.equal(read('with certificates', authority(CHAIN, { start: at, end: at })), MADE);
    const late = authority(CHAIN, { start: '2026-11-22T20:29:29Z' });
    assert.throws(() => read('with certificates', late), reason(/not trusted/));
    const early = authority(CHAIN, { end: '2026-11-22T20:29:27Z' });
    assert.throws(() => read('with certificates', early), reason(/not trusted/));
  });

  it('does not verify at a time when a certificate of the chain was not valid', () => {
    const past = () =>
      read('by a certificate that has ended', authority(['past', 'intermediate', 'root']));
    assert.throws(past, reason(/certificate of its signer was not valid/));
  });

  it('is bounded in length', () => {
    const long = Buffer.alloc(MAX_TIMESTAMP_BYTES + 1);
    assert.throws(() => timestampedSeconds(long, signed, authority(CHAIN)), reason(/exceeds/));
  });

  it('never proves another time with a byte changed, and fails as a client can read', () => {
    const good = timestamp('with certificates');
    let refused = 0;
    for (let at = 0; at < good.length; at++) {
      const damaged = Buffer.from(good);
      damaged[at] = (damaged[at] ?? 0) ^ (1 << (at % 8));
      try {
        assert.equal(timestampedSeconds(damaged, signed, authority(CHAIN)), MADE);
      } catch (error) {
        assert.ok(isLogError(error), `byte ${at}: ${error}`);
        refused++;
      }
    }
    // Most of it are certificates, which the authority's own stand in for.
    assert.ok(refused > 300 && refused < good.length, `${refused} of ${good.length}`);
  });
});

describe('timestamp authorities', () => {
  it('are none in a root without them, and need a start', () => {
    assert.deepEqual(readTimestampAuthorities(readJson('{}', 'root')), []);
    const root = { timestampAuthorities: [{ certChain: { certificates: [] }, validFor: {} }] };
    const read = () => readTimestampAuthorities({ value: root, path: 'root' });
    assert.throws(read, reason(/validFor has no start/));
  });
});
