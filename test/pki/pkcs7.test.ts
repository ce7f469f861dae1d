import assert from 'node:assert/strict';
import { constants } from 'node:crypto';
import { test } from 'node:test';
import { encodeElement } from '../../src/encoding/der.js';
import { isLogError } from '../../src/errors.js';
import { encodeDetached, readSignedMessage } from '../../src/pki/pkcs7/signed-data.js';
import { verifyCounterSignature } from '../../src/pki/pkcs7/timestamp.js';
import { verifySignedData } from '../../src/pki/pkcs7/verify-signed-data.js';
import {
  algorithm,
  attribute,
  fromHexText,
  integer,
  type MessageParts,
  messageSigner,
  OID,
  octetString,
  oid,
  sequence,
  set,
  signedMessage,
  signerInfo,
  tagged,
  tokenInfo,
} from './pkcs7-builder.js';

const rsa = messageSigner('rsa');
const ec = messageSigner('ec');
const content = Buffer.from('what is signed');

/** Returns the refusal of the message, undefined when it is accepted. */
function refusalOf(bytes: Uint8Array, detached?: Uint8Array): string | undefined {
  try {
    verifyCounterSignature(verifySignedData(readSignedMessage(bytes).signedData, detached));
    return undefined;
  } catch (error) {
    assert.ok(isLogError(error));
    return error.message;
  }
}

const messageOf = (parts: Partial<MessageParts>, signer = rsa) =>
  signedMessage(signer, { content, ...parts });
const pss = (salt: number, hash: Uint8Array = OID.sha256, mask = hash) =>
  algorithm(
    OID.rsaPss,
    sequence(
      tagged(0, algorithm(hash)),
      tagged(1, algorithm(OID.mgf1, algorithm(mask))),
      tagged(2, integer(salt)),
    ),
  );
const pssOptions = (saltLength: number) => ({
  padding: constants.RSA_PKCS1_PSS_PADDING,
  saltLength,
});
const token = (signature: Uint8Array, parts: Partial<MessageParts> = {}) =>
  signedMessage(ec, {
    content: tokenInfo(signature),
    contentType: OID.tokenInfo,
    attributes: [],
    ...parts,
  });
const stamped = (stamp: (signature: Uint8Array) => Uint8Array): Partial<MessageParts> => ({
  unsigned: (signature) => [attribute(OID.timestampToken, stamp(signature))],
});
const time = (tag: number, text: string) => encodeElement(tag, Buffer.from(text));
const list = (update: Uint8Array, name: Uint8Array = time(0x0c, 'x')) =>
  sequence(
    sequence(
      integer(1),
      algorithm(OID.rsa),
      sequence(set(sequence(oid(fromHexText('550403')), name))),
      update,
    ),
    algorithm(OID.rsa),
    fromHexText('03020001'),
  );
const counterSigner = (signature: Uint8Array, signingTime: readonly Uint8Array[]) =>
  signerInfo(rsa, {
    content: signature,
    attributes: signingTime.map((value) => attribute(OID.signingTime, value)),
  });

for (const hash of ['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512'] as const) {
  test(`a message hashed with ${hash} verifies, with signed attributes and without`, () => {
    assert.equal(refusalOf(messageOf({ hash })), undefined);
    assert.equal(refusalOf(messageOf({ hash, attributes: null })), undefined);
  });
}

/** Every verdict is that of the recorded server, asked about the same message. */
const ACCEPTED: Readonly<Record<string, Uint8Array>> = {
  'by ECDSA': messageOf({}, ec),
  'with more certificates than signers': messageOf({
    certificates: [ec.certificate, rsa.certificate],
  }),
  'with a damaged certificate that nobody needs': messageOf({
    certificates: [rsa.certificate, sequence(integer(1))],
  }),
  'with elements behind the known ones': messageOf({
    afterSigner: [integer(5)],
    afterBody: [integer(5), tagged(3)],
  }),
  'with an RSA-PSS salt of any length that is stated': messageOf({
    signatureAlgorithm: pss(20),
    signatureOptions: pssOptions(20),
  }),
  'with a salt of zero stated, which means that of the hash': messageOf({
    signatureAlgorithm: pss(0),
    signatureOptions: pssOptions(32),
  }),
  'with zeros behind it': Buffer.concat([messageOf({}), Buffer.alloc(7)]),
  'with a revocation list': messageOf({
    revocationLists: tagged(1, list(time(0x17, '240101000000Z'))),
  }),
  'with a timestamp': messageOf(stamped((signature) => token(signature))),
  'with a timestamp whose certificate is in the outer message': messageOf({
    certificates: [rsa.certificate, ec.certificate],
    ...stamped((signature) => token(signature, { certificates: [] })),
  }),
  'with a timestamp in one more wrapping': messageOf(
    stamped((signature) => token(signature, { content: octetString(tokenInfo(signature)) })),
  ),
  'with a fraction in the time of its timestamp': messageOf(
    stamped((signature) =>
      token(signature, { content: tokenInfo(signature, 'sha256', '20240101000000.123Z') }),
    ),
  ),
  'with a counter-signature': messageOf({
    unsigned: (signature) => [
      attribute(OID.counterSignature, counterSigner(signature, [time(0x17, '240101000000Z')])),
    ],
  }),
};

for (const [name, message] of Object.entries(ACCEPTED)) {
  test(`a message ${name} verifies`, () => {
    assert.equal(refusalOf(message), undefined);
  });
}

const REFUSED: Readonly<Record<string, readonly [Uint8Array, RegExp]>> = {
  'without the certificate of its signer': [
    messageOf({ certificates: [ec.certificate] }),
    /^certificate missing from signedData: serial=[0-9a-f]+ issuer: O="Example, Inc.", CN=message signer$/,
  ],
  'whose only certificate is damaged': [
    messageOf({ certificates: [sequence(integer(1))] }),
    /^x509: /,
  ],
  'with one good and one bad signer': [
    messageOf({ moreSigners: [signerInfo(rsa, { content: Buffer.from('other') })] }),
    /content digest does not match/,
  ],
  'without a signer': [
    sequence(
      oid(OID.signedData),
      tagged(
        0,
        sequence(
          integer(1),
          set(),
          sequence(oid(OID.data), tagged(0, octetString(content))),
          set(),
        ),
      ),
    ),
    /^pkcs7 contains no signatures$/,
  ],
  'without content': [messageOf({ detached: true }), /^pkcs7: missing content$/],
  'with bytes behind it': [
    Buffer.concat([messageOf({}), Buffer.of(0, 1)]),
    /trailing garbage after PKCS#7 structure/,
  ],
  'of indefinite length': [fromHexText('3080 0603550403 0000'), /indefinite length found/],
  'with a salt that is not as stated': [
    messageOf({ signatureAlgorithm: pss(20), signatureOptions: pssOptions(32) }),
    /^crypto\/rsa: verification error$/,
  ],
  'with another hash in the mask': [
    messageOf({
      signatureAlgorithm: pss(32, OID.sha256, OID.sha1),
      signatureOptions: pssOptions(32),
    }),
    /digest type mismatch in RSA-PSS parameters/,
  ],
  'by RSA under the name of ECDSA': [
    messageOf({ signatureAlgorithm: sequence(oid(OID.ecdsaSha256)) }),
    /incorrect key type for signature/,
  ],
  'with an unknown signature algorithm': [
    messageOf({ signatureAlgorithm: algorithm(fromHexText('2a03')) }),
    /unsupported public key algorithm/,
  ],
  'with an empty timestamp attribute': [
    messageOf({
      attributes: null,
      afterSigner: [],
      unsigned: () => [attribute(OID.timestampToken)],
    }),
    /sequence truncated/,
  ],
  'with a revocation list at an impossible time': [
    messageOf({ revocationLists: tagged(1, list(time(0x17, '240230000000Z'))) }),
    /is not a time/,
  ],
  'with a revocation list with zeros at the end of a fraction': [
    messageOf({ revocationLists: tagged(1, list(time(0x18, '20240101000000.50Z'))) }),
    /is not a time/,
  ],
  'with a revocation list by a name that is no text': [
    messageOf({
      revocationLists: tagged(
        1,
        list(time(0x17, '240101000000Z'), encodeElement(0x0c, Buffer.of(0x80))),
      ),
    }),
    /invalid UTF-8 string/,
  ],
  'with a timestamp over something else': [
    messageOf(stamped(() => token(content))),
    /verifying timestamp imprint: pkcs9: digest check failed/,
  ],
  'with a timestamp of two signers': [
    messageOf(
      stamped((signature) =>
        token(signature, { moreSigners: [signerInfo(ec, { content: tokenInfo(signature) })] }),
      ),
    ),
    /exactly one SignerInfo/,
  ],
  // The recorded server crashes on the next one and answers 500.
  'with a timestamp without content': [
    messageOf(stamped((signature) => token(signature, { detached: true }))),
    /unpack TSTInfo/,
  ],
  'with a counter-signature over something else': [
    messageOf({
      unsigned: () => [
        attribute(OID.counterSignature, counterSigner(content, [time(0x17, '240101000000Z')])),
      ],
    }),
    /content digest does not match/,
  ],
  'with a counter-signature without a time': [
    messageOf({
      unsigned: (signature) => [attribute(OID.counterSignature, counterSigner(signature, []))],
    }),
    /attribute not found: 1\.2\.840\.113549\.1\.9\.5/,
  ],
};

for (const [name, [message, reason]] of Object.entries(REFUSED)) {
  test(`a message ${name} is refused`, () => {
    assert.match(refusalOf(message) ?? 'accepted', reason);
  });
}

test('content beside the message has to be that in the message', () => {
  assert.equal(refusalOf(messageOf({}), content), undefined);
  assert.match(refusalOf(messageOf({}), Buffer.from('x')) ?? '', /not equal/);
  assert.equal(refusalOf(messageOf({ detached: true }), content), undefined);
  assert.match(
    refusalOf(messageOf({ detached: true, attributes: null }), Buffer.of()) ?? '',
    /verification error/,
  );
});

test('the signer names its certificate: the order of the bag does not matter', () => {
  for (const certificates of [
    [ec.certificate, rsa.certificate],
    [rsa.certificate, ec.certificate],
  ]) {
    const { signedData } = readSignedMessage(messageOf({ certificates }));
    const { certificate } = verifySignedData(signedData, undefined);
    assert.deepEqual(Buffer.from(certificate.der), Buffer.from(rsa.certificate));
  }
});

test('the detached form is stable, without content, with its algorithms in order', () => {
  const once = encodeDetached(readSignedMessage(messageOf({})));
  assert.equal(Buffer.from(once).includes(content), false);
  assert.deepEqual(encodeDetached(readSignedMessage(once)), once);
  const attached = messageOf({});
  const detached = messageOf({ detached: true });
  assert.deepEqual(
    encodeDetached(readSignedMessage(attached)),
    encodeDetached(readSignedMessage(detached)),
  );
});

test('a flipped bit anywhere is refused or passed over, and never crashes', () => {
  const message = Buffer.from(messageOf(stamped((signature) => token(signature))));
  for (let at = 0; at < message.length; at += 3) {
    const damaged = Buffer.from(message);
    damaged[at] = (damaged[at] as number) ^ (1 << (at % 8));
    refusalOf(damaged);
  }
});

test('a list of more than 1024 elements is refused', () => {
  const bag = (count: number) =>
    messageOf({ certificates: Array.from({ length: count }, () => sequence()) });
  assert.match(refusalOf(bag(1024)) ?? '', /^x509: /);
  assert.match(refusalOf(bag(1025)) ?? '', /list of 1025 elements exceeds 1024/);
});
