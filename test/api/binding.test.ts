import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isEmailAddress } from '../../src/api/v1/email-address.js';
import { goQuote } from '../../src/api/v1/field-error.js';
import { itemTexts, memberText } from '../../src/api/v1/json-text.js';
import { parseInt64 } from '../../src/api/v1/query-parameter.js';
import { ENTRIES, startApp } from './started-app.js';

const RETRIEVE = `${ENTRIES}/retrieve`;
const INDEX = '/api/v1/index/retrieve';
const UNREADABLE = 'parsing entry body from "" failed, because ';

/** Bodies with the first error that each gets: order and words are those of the recorded server. */
const ANSWERS: readonly (readonly [
  path: string,
  body: string,
  status: number,
  code: number,
  message: string,
])[] = [
  [ENTRIES, '{"KIND":"nope"}', 422, 422, 'invalid kind value: "nope"'],
  [ENTRIES, '{"\u212aind":"nope"}', 422, 422, 'invalid kind value: "nope"'],
  [ENTRIES, '{"kind":"a","kind":"b\\u0007é"}', 422, 422, 'invalid kind value: "b\\aé"'],
  [ENTRIES, '{"kind":"dsse","Kind":null}', 422, 602, 'apiVersion in body is required'],
  [
    ENTRIES,
    '{"kind":"nope","apiVersion":1}',
    400,
    400,
    'json: cannot unmarshal number into Go struct field targetedProposedEntry.apiVersion of type string',
  ],
  [ENTRIES, '{"kind":"dsse","apiVersion":"0.0.1"}', 422, 602, 'spec in body is required'],
  [
    ENTRIES,
    '{"kind":"ProposedEntry"}',
    400,
    400,
    "error processing entry: could not unmarshal entry for kind 'ProposedEntry'",
  ],
  [RETRIEVE, '{"entries":[]}', 200, 0, ''],
  [RETRIEVE, '{"ENTRYUUIDS":[]}', 422, 612, 'entryUUIDs in body should have at least 1 items'],
  [RETRIEVE, '{"logIndexes":[]}', 422, 612, 'logIndexes in body should have at least 1 items'],
  [RETRIEVE, '{"logIndexes":[null]}', 200, 0, ''],
  [
    RETRIEVE,
    '{"logIndexes":[1.0]}',
    400,
    400,
    `${UNREADABLE}json: cannot unmarshal number 1.0 into Go struct field .logIndexes of type int64`,
  ],
  [
    RETRIEVE,
    '{"logIndexes":[9223372036854775808]}',
    400,
    400,
    `${UNREADABLE}json: cannot unmarshal number 9223372036854775808 into Go struct field .logIndexes of type int64`,
  ],
  [
    RETRIEVE,
    '{"logIndexes":{}}',
    400,
    400,
    `${UNREADABLE}json: cannot unmarshal object into Go struct field .logIndexes of type []*int64`,
  ],
  [
    RETRIEVE,
    '{"entries":{}}',
    400,
    400,
    `${UNREADABLE}json: cannot unmarshal object into Go value of type []json.RawMessage`,
  ],
  [RETRIEVE, '{"entries":[{}]}', 400, 400, `${UNREADABLE}kind in body is required`],
  [RETRIEVE, '{"entries":[{"kind":"dsse"}]}', 422, 602, 'entries.0.apiVersion in body is required'],
  [
    RETRIEVE,
    '{"entries":[{"kind":"dsse"}],"entryUUIDs":["x"]}',
    422,
    602,
    'entries.0.apiVersion in body is required',
  ],
  [
    RETRIEVE,
    '{"entryUUIDs":["x"],"logIndexes":[-1]}',
    422,
    605,
    "entryUUIDs.0 in body should match '^([0-9a-fA-F]{64}|[0-9a-fA-F]{80})$'",
  ],
  [RETRIEVE, `{"entryUUIDs":["${'F'.repeat(80)}"]}`, 400, 400, `invalid entryID ${'F'.repeat(80)}`],
  [RETRIEVE, 'null', 200, 0, ''],
  [RETRIEVE, '{} trailing', 200, 0, ''],
  [INDEX, '{"email":"x","hash":"y"}', 422, 601, 'email in body must be of type email: "x"'],
  [
    INDEX,
    '{"hash":"y","operator":"xor"}',
    422,
    605,
    "hash in body should match '^(sha512:)?[0-9a-fA-F]{128}$|^(sha256:)?[0-9a-fA-F]{64}$|^(sha1:)?[0-9a-fA-F]{40}$'",
  ],
  [
    INDEX,
    '{"operator":"xor","publicKey":{}}',
    422,
    606,
    'operator in body should be one of [and or]',
  ],
  [
    INDEX,
    `{"publicKey":{},"subject":"${'a'.repeat(513)}"}`,
    422,
    602,
    'publicKey.publicKey.format in body is required',
  ],
  [
    INDEX,
    `{"subject":"${'é'.repeat(513)}"}`,
    422,
    603,
    'subject in body should be at most 512 chars long',
  ],
  [INDEX, `{"subject":"${'\u{1f600}'.repeat(512)}"}`, 200, 0, ''],
  [
    INDEX,
    '{"publicKey":{"format":"x509","content":"AA"}}',
    400,
    400,
    'parsing query body from "" failed, because illegal base64 data at input byte 0',
  ],
  [
    INDEX,
    '{"publicKey":"x"}',
    400,
    400,
    'parsing query body from "" failed, because json: cannot unmarshal string into Go struct field SearchIndex.publicKey of type models.SearchIndexPublicKey',
  ],
];

test('bodies are bound in the order and with the words of the recording', async (t) => {
  const app = await startApp(t);
  for (const [path, body, status, code, message] of ANSWERS) {
    const answer = await app.post(path, body);
    assert.equal(answer.status, status, `${body}: ${answer.body}`);
    if (status !== 200) assert.deepEqual(JSON.parse(answer.body), { code, message }, body);
  }
});

test('a body with a content type that is not JSON is 415, but without a body the type does not count', async (t) => {
  const app = await startApp(t);
  const text = { 'Content-Type': 'text/plain' };
  assert.equal((await app.send('POST', ENTRIES, text, '{}')).status, 415);
  const empty = await app.send('POST', ENTRIES, text, '');
  assert.equal(empty.body, '{"code":602,"message":"proposedEntry in body is required"}');
  assert.equal((await app.send('POST', '/nope', text, '{}')).status, 404);
});

test('a POST without a body obeys Accept, one with a body answers with an empty type', async (t) => {
  const app = await startApp(t);
  const accept = { Accept: 'text/html' };
  assert.equal((await app.send('POST', RETRIEVE, accept)).status, 406);
  const json = { ...accept, 'Content-Type': 'application/json' };
  const answer = await app.send('POST', RETRIEVE, json, '{}');
  assert.equal(answer.status, 200);
  assert.equal(answer.headers['content-type'], '');
});

test('the public key is refused when neither of its formats is accepted', async (t) => {
  const app = await startApp(t);
  const answer = await app.send('GET', '/api/v1/log/publicKey', { Accept: 'text/html' });
  assert.equal(answer.status, 406);
  assert.match(answer.body, /only \[application\/x-pem-file application\/json\] are available/);
});

test('messages of refusals escape what HTML gives a meaning, as Go does', async (t) => {
  const app = await startApp(t);
  const answer = await app.send('GET', "/<&>'");
  assert.equal(
    answer.body,
    '{"code":404,"message":"path /%3C&%3E%27 was not found"}'.replace('&', '\\u0026'),
  );
});

for (const [text, expected] of [
  ['dev@example.com', true],
  ['Dev <dev@example.com>', true],
  ['<dev@example.com>', true],
  ['"Dev, One" <dev@example.com>', true],
  ['"quoted local"@example.com', true],
  ['dev@[192.0.2.1]', true],
  ['dév@exämple.com', true],
  ['dev@example.com (a comment)', true],
  ['not an email', false],
  ['dev@', false],
  ['@example.com', false],
  ['dev@example.com, two@example.com', false],
  ['dev@@example.com', false],
  ['.dev@example.com', false],
  ['dev..x@example.com', false],
  ['Dev <dev@example.com', false],
  ['dev example.com>', false],
] as const) {
  test(`${JSON.stringify(text)} is ${expected ? 'an' : 'no'} e-mail address`, () => {
    assert.equal(isEmailAddress(text), expected);
  });
}

test('an int64 is read as Go reads it', () => {
  assert.equal(parseInt64('+007'), 7n);
  assert.equal(parseInt64('-0'), 0n);
  assert.equal(parseInt64('9223372036854775807'), 2n ** 63n - 1n);
  assert.equal(parseInt64('-9223372036854775808'), -(2n ** 63n));
  for (const text of ['9223372036854775808', '', '+', '1_000', '0x1', ' 1', '1e2', '1.0']) {
    assert.equal(parseInt64(text), undefined, text);
  }
});

test('a string is quoted as Go quotes it', () => {
  assert.equal(
    goQuote('a"b\\c\n\u0001\u00a0\u{e0001} é'),
    '"a\\"b\\\\c\\n\\x01\\u00a0\\U000e0001 é"',
  );
});

test('the source texts of members and items are found whatever is around them', () => {
  const text = ' {"a":[1,{"logIndexes":[7]}],"s":"\\"],[","LogIndexes":[ 1.0 , "x,]" ,[2,3],{}] } ';
  assert.deepEqual(itemTexts(memberText(text, 'logIndexes') ?? ''), [
    '1.0',
    '"x,]"',
    '[2,3]',
    '{}',
  ]);
  assert.deepEqual(itemTexts('[]'), []);
  assert.equal(memberText('{}', 'logIndexes'), undefined);
});
