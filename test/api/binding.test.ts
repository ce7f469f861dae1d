import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseInt64 } from '../../src/api/v1/query-parameter.js';
import { ENTRIES, readAll, startApp } from './started-app.js';

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
  [RETRIEVE, `{${'"x":1,'.repeat(9_999)}"y":1}`, 200, 0, ''],
  [
    RETRIEVE,
    `{${'"x":1,'.repeat(10_000)}"y":1}`,
    400,
    400,
    `${UNREADABLE}json: object with more than 10000 members`,
  ],
  [
    RETRIEVE,
    `{"entryUUIDs":["${Array(1_000).fill('a').join('","')}",1]}`,
    422,
    611,
    'entryUUIDs in body should have at most 10 items',
  ],
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

/** Members that are there more than once, and which of several mistakes is told. */
const REPEATED: typeof ANSWERS = [
  [
    ENTRIES,
    '{"kind":1,"kind":"hashedrekord","apiVersion":"0.0.1","spec":{}}',
    400,
    400,
    'json: cannot unmarshal number into Go struct field targetedProposedEntry.kind of type string',
  ],
  [ENTRIES, '{"kind":"dsse","kind":null}', 422, 602, 'apiVersion in body is required'],
  [ENTRIES, '{"kind":"dsse","\\u006bind":"nope"}', 422, 422, 'invalid kind value: "nope"'],
  [
    ENTRIES,
    '{"kind":"dsse","apiVersion":"0.0.1","APIVERSION":null,"spec":{}}',
    422,
    602,
    'apiVersion in body is required',
  ],
  [
    ENTRIES,
    '{"kind":"dsse","apiVersion":"0.0.1","apiVersion":null,"apiVersion":"x","spec":{}}',
    422,
    605,
    "apiVersion in body should match '^(0|[1-9]\\d*)\\.(0|[1-9]\\d*)\\.(0|[1-9]\\d*)(?:-((?:0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\\.(?:0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?(?:\\+([0-9a-zA-Z-]+(?:\\.[0-9a-zA-Z-]+)*))?$'",
  ],
  [
    ENTRIES,
    '{"kind":"dsse","apiVersion":"0.0.1","spec":{},"spec":null}',
    422,
    602,
    'spec in body is required',
  ],
  [
    ENTRIES,
    '{"apiVersion":[],"kind":1,"kind":"nope"}',
    400,
    400,
    'json: cannot unmarshal array into Go struct field targetedProposedEntry.apiVersion of type string',
  ],
  [
    ENTRIES,
    '{"kind":"nope","spec":{"kind":"dsse"},"x":{"kind":1}}',
    422,
    422,
    'invalid kind value: "nope"',
  ],
  [
    INDEX,
    '{"email":1,"email":"a@b"}',
    400,
    400,
    'parsing query body from "" failed, because json: cannot unmarshal number into Go struct field SearchIndex.email of type string',
  ],
  [INDEX, '{"email":"bad","email":"a@b"}', 200, 0, ''],
  [INDEX, '{"email":"bad","email":null}', 200, 0, ''],
  [
    INDEX,
    '{"hash":1,"email":2}',
    400,
    400,
    'parsing query body from "" failed, because json: cannot unmarshal number into Go struct field SearchIndex.email of type string',
  ],
  [
    INDEX,
    '{"hash":1,"subject":2}',
    400,
    400,
    'parsing query body from "" failed, because json: cannot unmarshal number into Go struct field SearchIndex.hash of type string',
  ],
  [
    INDEX,
    '{"email":[],"publicKey":{"content":"%"}}',
    400,
    400,
    'parsing query body from "" failed, because json: cannot unmarshal array into Go struct field SearchIndex.email of type string',
  ],
  [
    INDEX,
    '{"publicKey":{"content":"%"},"email":[]}',
    400,
    400,
    'parsing query body from "" failed, because illegal base64 data at input byte 0',
  ],
  [
    INDEX,
    '{"publicKey":{"format":1,"content":"YQ"}}',
    400,
    400,
    'parsing query body from "" failed, because illegal base64 data at input byte 0',
  ],
  [
    INDEX,
    '{"publicKey":{"format":1,"content":{}}}',
    400,
    400,
    'parsing query body from "" failed, because json: cannot unmarshal object into Go struct field SearchIndexPublicKey.publicKey.content of type string',
  ],
  [
    INDEX,
    '{"operator":{},"publicKey":{"format":1}}',
    400,
    400,
    'parsing query body from "" failed, because json: cannot unmarshal object into Go struct field SearchIndex.operator of type string',
  ],
  [
    INDEX,
    '{"publicKey":1,"email":true}',
    400,
    400,
    'parsing query body from "" failed, because json: cannot unmarshal bool into Go struct field SearchIndex.email of type string',
  ],
  [
    INDEX,
    `{"publicKey":{"format":"x509"},"publicKey":{"content":"YQ=="},"subject":"${'a'.repeat(513)}"}`,
    422,
    603,
    'subject in body should be at most 512 chars long',
  ],
  [INDEX, '{"publicKey":{"format":"bad"},"publicKey":null}', 200, 0, ''],
  [
    INDEX,
    '{"publicKey":{"format":"x509","format":null}}',
    422,
    602,
    'publicKey.publicKey.format in body is required',
  ],
  [
    INDEX,
    '{"publicKey":{"format":"x509","format":"bad"}}',
    422,
    606,
    'publicKey.publicKey.format in body should be one of [pgp x509 minisign ssh tuf]',
  ],
  [
    INDEX,
    `{"publicKey":{"format":"x509"},"publicKey":{}, "subject":"${'a'.repeat(513)}"}`,
    422,
    603,
    'subject in body should be at most 512 chars long',
  ],
  [
    RETRIEVE,
    '{"logIndexes":1,"logIndexes":[1]}',
    400,
    400,
    'parsing entry body from "" failed, because json: cannot unmarshal number into Go struct field .logIndexes of type []*int64',
  ],
  [
    RETRIEVE,
    '{"logIndexes":[1],"LOGINDEXES":"x"}',
    400,
    400,
    'parsing entry body from "" failed, because json: cannot unmarshal string into Go struct field .logIndexes of type []*int64',
  ],
  [
    RETRIEVE,
    '{"logIndexes":[-1],"logIndexes":[]}',
    422,
    612,
    'logIndexes in body should have at least 1 items',
  ],
  [RETRIEVE, '{"logIndexes":[7,-1],"logIndexes":[null,null]}', 200, 0, ''],
  [
    RETRIEVE,
    '{"entryUUIDs":["0000000000000000000000000000000000000000000000000000000000000000","0000000000000000000000000000000000000000000000000000000000000000"],"entryUUIDs":[null]}',
    200,
    0,
    '',
  ],
  [
    RETRIEVE,
    '{"entryUUIDs":["0000000000000000000000000000000000000000000000000000000000000000"],"entryUUIDs":[null,null]}',
    422,
    605,
    "entryUUIDs.1 in body should match '^([0-9a-fA-F]{64}|[0-9a-fA-F]{80})$'",
  ],
  [RETRIEVE, '{"entryUUIDs":["x"],"entryUUIDs":null}', 200, 0, ''],
  [
    RETRIEVE,
    '{"entryUUIDs":[1,"x"],"logIndexes":["x"]}',
    400,
    400,
    'parsing entry body from "" failed, because json: cannot unmarshal number into Go struct field .entryUUIDs of type string',
  ],
  [
    RETRIEVE,
    '{"entries":1,"entries":[{"kind":"dsse","kind":"nope"}]}',
    400,
    400,
    'parsing entry body from "" failed, because invalid kind value: "nope"',
  ],
  [
    RETRIEVE,
    '{"entries":1,"logIndexes":"x"}',
    400,
    400,
    'parsing entry body from "" failed, because json: cannot unmarshal string into Go struct field .logIndexes of type []*int64',
  ],
  [
    RETRIEVE,
    '{"entries":[{"kind":"dsse"}],"entryUUIDs":[]}',
    422,
    602,
    'entries.0.apiVersion in body is required',
  ],
  [
    RETRIEVE,
    '{"entryUUIDs":["x"],"logIndexes":[]}',
    422,
    605,
    "entryUUIDs.0 in body should match '^([0-9a-fA-F]{64}|[0-9a-fA-F]{80})$'",
  ],
  [
    RETRIEVE,
    '{"entryUUIDs":[],"logIndexes":[-1]}',
    422,
    612,
    'entryUUIDs in body should have at least 1 items',
  ],
  [
    RETRIEVE,
    '{"entryUUIDs":["x"],"logIndexes":[1,1,1,1,1,1,1,1,1,1,1]}',
    422,
    605,
    "entryUUIDs.0 in body should match '^([0-9a-fA-F]{64}|[0-9a-fA-F]{80})$'",
  ],
  [
    RETRIEVE,
    '{"entryUUIDs":["x","x","x","x","x","x","x","x","x","x","x"]}',
    422,
    611,
    'entryUUIDs in body should have at most 10 items',
  ],
  [
    RETRIEVE,
    '{"logIndexes":[-1,-1,-1,-1,-1,-1,-1,-1,-1,-1,-1]}',
    422,
    611,
    'logIndexes in body should have at most 10 items',
  ],
];

test('bodies are bound in the order and with the words of the recording', async (t) => {
  const app = await startApp(t);
  for (const [path, body, status, code, message] of [...ANSWERS, ...REPEATED]) {
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

const EMPTY_CHUNKED = '0\r\n\r\n';

for (const adapter of ['fast', 'express'] as const) {
  test(`a chunked request with nothing in it has no body whose type could be wrong (${adapter})`, async (t) => {
    const app = await startApp(t, { adapter });
    for (const type of ['', 'Content-Type: text/plain\r\n', 'Content-Type: application/json\r\n']) {
      for (const [start, rest, expected] of [
        [`POST ${INDEX}`, EMPTY_CHUNKED, '{"code":602,"message":"query in body is required"}'],
        ['GET /api/v1/log', EMPTY_CHUNKED, '"treeSize":'],
        [
          `POST ${INDEX}`,
          `2\r\n{}\r\n${EMPTY_CHUNKED}`,
          type.includes('json') ? '[]' : '"code":415',
        ],
        [
          'GET /api/v1/log',
          `1\r\nx\r\n${EMPTY_CHUNKED}`,
          type.includes('json') ? '"treeSize":' : '"code":415',
        ],
      ] as const) {
        const socket = await app.connect();
        const head = `${start} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n`;
        socket.write(`${head}${type}\r\n${rest}`);
        const answer = await readAll(socket);
        assert.ok(answer.includes(expected), `${start} ${type} ${answer}`);
      }
    }
  });

  test(`what no handler of Rekor sees is answered as its server does (${adapter})`, async (t) => {
    const app = await startApp(t, { adapter });
    const preflight = 'Origin: http://x\r\nAccess-Control-Request-Method: GET\r\n';
    for (const [start, headers] of [
      ['GET /%zz', ''],
      ['OPTIONS /%zz', preflight],
      ['GET http://x:y/ping', ''],
    ]) {
      const socket = await app.connect();
      socket.write(`${start} HTTP/1.1\r\nHost: x\r\n${headers}\r\n`);
      const answer = await readAll(socket);
      assert.match(answer, /^HTTP\/1.1 400 Bad Request\r\n/);
      assert.match(answer, /\r\nContent-Type: text\/plain; charset=utf-8\r\n/);
      assert.match(answer, /\r\n\r\n400 Bad Request$/);
      assert.doesNotMatch(answer, /Vary|Access-Control/);
    }
    const pathless = await app.connect();
    pathless.write('GET http://x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    assert.match(await readAll(pathless), /\{"code":404,"message":"path {2}was not found"\}$/);
    const socket = await app.connect();
    socket.write(`OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${preflight}\r\n`);
    const answer = await readAll(socket);
    assert.match(answer, /^HTTP\/1.1 200 OK\r\n/);
    assert.match(answer, /\r\n\r\n$/);
    assert.doesNotMatch(answer, /Vary|Access-Control/);
  });
}

test('a body type with a star is one that nobody reads', async (t) => {
  const app = await startApp(t);
  for (const [type, status] of [
    ['*/*', 400],
    ['application/*;q=0', 400],
    ['*/json', 400],
    ['*/xml', 400],
    ['text/*', 415],
  ] as const) {
    const answer = await app.send(
      'POST',
      INDEX,
      { 'Content-Type': type, Accept: 'text/html' },
      '{}',
    );
    assert.equal(answer.status, status);
    if (status === 415) continue;
    const message = `no consumer registered for ${type.split(';')[0]}`;
    assert.equal(answer.body, JSON.stringify({ code: 400, message }));
  }
});

test('a byte of a query that is no UTF-8 is shown as Go shows it', async (t) => {
  const app = await startApp(t);
  const answer = await app.send('GET', `${ENTRIES}?logIndex=%C3%BC%ff%ed%a0`, {});
  assert.equal(
    JSON.parse(answer.body).message,
    'logIndex in query must be of type int64: "ü\\xff\\xed\\xa0"',
  );
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

test('an int64 is read as Go reads it', () => {
  assert.equal(parseInt64('+007'), 7n);
  assert.equal(parseInt64('-0'), 0n);
  assert.equal(parseInt64('9223372036854775807'), 2n ** 63n - 1n);
  assert.equal(parseInt64('-9223372036854775808'), -(2n ** 63n));
  for (const text of ['9223372036854775808', '', '+', '1_000', '0x1', ' 1', '1e2', '1.0']) {
    assert.equal(parseInt64(text), undefined, text);
  }
});
