import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ErrorCode, isLogError } from '../../src/errors.js';
import { requestOf } from '../../src/timestamping/request.js';
import { timestampTrust } from '../../src/timestamping/trust.js';
import { madeAuthority, NOW, VALID_FROM, VALID_TO } from './made-authority.js';

const request = requestOf({
  hashAlgorithm: 'sha256',
  digest: new Uint8Array(32),
  policy: undefined,
  nonce: undefined,
  wantsCertificates: false,
});

/** Returns the time that an answer states, as it stands there. */
function timeIn(reply: Uint8Array): string {
  // Fifteen octets of GeneralizedTime.
  const text = Buffer.from(reply).toString('latin1');
  const at = text.indexOf('\x18\x0f') + 2;
  const time = text.slice(at, at + 15);
  assert.match(time, /^\d{14}Z$/);
  return time;
}

function throwsCode(act: () => unknown, code: ErrorCode): void {
  assert.throws(act, (error) => isLogError(error, code));
}

test('the time of a token is that of the clock', () => {
  const { authority, clock } = madeAuthority();
  assert.equal(timeIn(authority.stamp(request)), '20261122120001Z');
  clock.seconds = NOW + 59;
  assert.equal(timeIn(authority.stamp(request)), '20261122120100Z');
});

test('a clock that goes back by no more than the accuracy is waited for', () => {
  const { authority, clock } = madeAuthority();
  authority.stamp(request);
  clock.seconds = NOW - 1;
  assert.equal(timeIn(authority.stamp(request)), '20261122120001Z');
});

test('a clock that goes back further is not believed until it has caught up', () => {
  const { authority, clock } = madeAuthority();
  authority.stamp(request);
  clock.seconds = NOW - 2;
  throwsCode(() => authority.stamp(request), 'CLOCK_UNTRUSTED');
  // What was refused has not moved the newest time.
  throwsCode(() => authority.stamp(request), 'CLOCK_UNTRUSTED');
  clock.seconds = NOW - 1;
  assert.equal(timeIn(authority.stamp(request)), '20261122120001Z');
});

test('nothing is stamped outside the validity of the certificates, whose limits are part of it', () => {
  for (const [seconds, isValid] of [
    [VALID_FROM - 1, false],
    [VALID_FROM, true],
    [VALID_TO, true],
    [VALID_TO + 1, false],
  ] as const) {
    const { authority, clock } = madeAuthority();
    clock.seconds = seconds;
    if (isValid) authority.stamp(request);
    else throwsCode(() => authority.stamp(request), 'SIGNER_UNAVAILABLE');
  }
});

test('a policy is given when it is the only one', () => {
  const { authority } = madeAuthority();
  authority.stamp({ ...request, policy: '1.3.6.1.4.1.57264.2' });
  for (const policy of ['1.3.6.1.4.1.57264', '1.3.6.1.4.1.57264.2.1', '__proto__', '']) {
    throwsCode(() => authority.stamp({ ...request, policy }), 'TIMESTAMP_REFUSED');
  }
});

test('clients are told where timestamps are given and under which certificates', () => {
  const { chain } = madeAuthority();
  const trust = timestampTrust(chain);
  assert.equal(trust.path, '/api/v1/timestamp');
  assert.equal(trust.certificates.length, 2);
  assert.deepEqual(trust.certificates[0], chain.leaf.der);
  assert.deepEqual([trust.notBeforeSeconds, trust.notAfterSeconds], [VALID_FROM, VALID_TO]);
  assert.equal(trust.pem.match(/BEGIN CERTIFICATE/g)?.length, 2);
});
