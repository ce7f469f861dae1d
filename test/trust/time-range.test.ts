import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseTimestamp, timestampText } from '../../src/trust/time-range.js';

describe('a moment in a document', () => {
  it('is RFC 3339 in UTC without a fraction', () => {
    assert.equal(timestampText(0), '1970-01-01T00:00:00Z');
    assert.equal(timestampText(1_795_305_601), '2026-11-22T00:00:01Z');
    for (const seconds of [0, 1, 951_782_400, 4_102_444_799]) {
      assert.equal(parseTimestamp(timestampText(seconds)), seconds);
    }
  });

  it('is read with an offset too', () => {
    assert.equal(parseTimestamp('2026-11-22T01:00:00+01:00'), 1_795_305_600);
    assert.equal(parseTimestamp('2026-11-21T23:30:00-00:30'), 1_795_305_600);
  });

  it('is refused in any other form', () => {
    for (const text of [
      '',
      '2026-11-22',
      '2026-11-22T00:00:00',
      '2026-11-22 00:00:00Z',
      '2026-11-22T00:00:00.5Z',
      '2026-11-22t00:00:00z',
      '2026-02-30T00:00:00Z',
      '2026-02-29T00:00:00Z',
      '2026-13-01T00:00:00Z',
      '2026-11-22T24:00:00Z',
      '2026-11-22T00:00:00+25:00',
      ' 2026-11-22T00:00:00Z',
      '1795305600',
    ]) {
      assert.equal(parseTimestamp(text), undefined, text);
    }
  });
});
