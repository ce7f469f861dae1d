import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toHex } from '../../src/encoding/hex.js';
import { acceptEntry } from '../../src/entries/accept.js';
import type { AcceptedEntry } from '../../src/entries/entry-kind.js';
import { isLogError } from '../../src/errors.js';
import {
  integer,
  type MessageParts,
  messageSigner,
  OID,
  sequence,
  signedMessage,
  signerInfo,
  timestampResponse,
  tokenInfo,
} from '../pki/pkcs7-builder.js';
import { vectorLines } from '../vectors.js';
import { openPolicy, testContext } from './policy.js';

const rsa = messageSigner('rsa');
const ec = messageSigner('ec');
const info = tokenInfo(Buffer.from('artifact'));

function submit(content: Uint8Array): Promise<AcceptedEntry> {
  const spec = { tsr: { content: Buffer.from(content).toString('base64') } };
  return acceptEntry({ kind: 'rfc3161', apiVersion: '0.0.1', spec }, openPolicy, testContext);
}

const stamp = (parts: Partial<MessageParts> = {}) =>
  signedMessage(rsa, { content: info, contentType: OID.tokenInfo, attributes: [], ...parts });
const refusal = (reason: RegExp) => (error: unknown) =>
  isLogError(error) && reason.test(error.message);

interface Vector {
  readonly name: string;
  readonly content: string;
  readonly leafHash?: string;
  readonly error?: string;
}

const vectors = vectorLines<Vector>('entries/rfc3161/openssl-ts.jsonl');

for (const { name, content, leafHash, error } of vectors) {
  test(`the timestamp ${name} of openssl ts is judged as Rekor does`, async () => {
    const outcome = submit(Buffer.from(content, 'base64'));
    if (error === undefined) assert.equal(toHex((await outcome).leafHash), leafHash);
    else await assert.rejects(outcome, (thrown: Error) => thrown.message === error);
  });
}

test('only what was granted is stored', async () => {
  await submit(timestampResponse(stamp(), 0));
  await submit(timestampResponse(stamp(), 1));
  for (const status of [2, 3, 4, 5]) {
    await assert.rejects(
      submit(timestampResponse(stamp(), status)),
      refusal(new RegExp(`^tsr status not granted: ${status}$`)),
    );
  }
  await assert.rejects(
    submit(sequence(sequence(integer(0)))),
    refusal(/^tsr wrong content type: $/),
  );
});

test('a timestamp of 10 KiB is stored, one byte more is not', async () => {
  const response = timestampResponse(stamp());
  const padded = (length: number) =>
    Buffer.concat([response, Buffer.alloc(length - response.length, 1)]);
  await submit(padded(10_240));
  await assert.rejects(submit(padded(10_241)), refusal(/maximum allowed size \(10kB\)/));
});

test('I19: the certificate is the one that the signer names, wherever it lies in the bag', async () => {
  for (const certificates of [
    [ec.certificate, rsa.certificate],
    [rsa.certificate, ec.certificate],
  ]) {
    const { searchTerms } = await submit(timestampResponse(stamp({ certificates })));
    const issuer = searchTerms.find(({ field }) => field === 'certificate-issuer');
    assert.match(issuer?.value ?? '', /example/);
  }
  await assert.rejects(
    submit(timestampResponse(stamp({ certificates: [ec.certificate] }))),
    refusal(/^tsr verification error: certificate missing from signedData/),
  );
});

test('more signers than a submission may have are refused before any is checked', async () => {
  const signer = signerInfo(ec, { content: info });
  const withSigners = (count: number) =>
    timestampResponse(
      stamp({
        certificates: [rsa.certificate, ec.certificate],
        moreSigners: Array.from({ length: count - 1 }, () => signer),
      }),
    );
  await submit(withSigners(15));
  const tight = { ...openPolicy, limits: { ...openPolicy.limits, signatures: 14 } };
  const content = Buffer.from(withSigners(15)).toString('base64');
  const proposed = { kind: 'rfc3161', apiVersion: '0.0.1', spec: { tsr: { content } } };
  await assert.rejects(
    acceptEntry(proposed, tight, testContext),
    refusal(/^tsr with 15 signatures exceeds 14$/),
  );
});

test('a timestamp is found by its own digest and by that of the artifact', async () => {
  const { indexKeys, searchTerms } = await submit(timestampResponse(stamp()));
  const digests = searchTerms.filter(({ field }) => field === 'digest').map(({ value }) => value);
  assert.deepEqual(digests, [
    indexKeys[0],
    'sha256:c7c5c1d70c5dec4416ab6158afd0b223ef40c29b1dc1f97ed9428b94d4cadb1c',
  ]);
  assert.ok(
    searchTerms.some(({ field, value }) => field === 'email' && value === 'signer@example.com'),
  );
});

test('a token that says nothing about an artifact is stored all the same', async () => {
  const { searchTerms } = await submit(timestampResponse(stamp({ content: Buffer.from('hello') })));
  assert.equal(searchTerms.filter(({ field }) => field === 'digest').length, 1);
});
