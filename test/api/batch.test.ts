/** `POST /api/v1/log/entries/batch` through both adapters. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LogError } from '../../src/errors.js';
import { type Answer, ENTRIES, startApp } from './started-app.js';

const BATCH = `${ENTRIES}/batch`;
const entry = (spec: unknown) => ({ kind: 'hashedrekord', apiVersion: '0.0.1', spec });
const batch = (entries: readonly unknown[], mode?: string) => JSON.stringify({ entries, mode });

interface Result {
  readonly status: number;
  readonly code?: number;
  readonly message?: string;
  readonly entryID?: string;
  readonly entry?: Record<string, { logIndex: number }>;
}

function resultsOf(answer: Answer): readonly Result[] {
  return JSON.parse(answer.body).results;
}

const statuses = (answer: Answer) => resultsOf(answer).map(({ status }) => status);

for (const adapter of ['fast', 'express'] as const) {
  test(`a batch is answered entry by entry, as each would be alone (${adapter})`, async (t) => {
    const { post, registry, log } = await startApp(t, { adapter });
    const answer = await post(BATCH, batch([entry({ n: 1 }), entry({ n: 2 })]));
    assert.equal(answer.status, 201);
    assert.equal(answer.headers['content-type'], 'application/json');
    assert.ok(answer.body.endsWith('}\n'));
    assert.equal(JSON.stringify(JSON.parse(answer.body)), answer.body.trimEnd());
    resultsOf(answer).forEach((result, i) => {
      assert.deepEqual(Object.keys(result), ['status', 'entryID', 'entry']);
      assert.equal(result.entry?.[result.entryID ?? '']?.logIndex, i);
    });
    assert.deepEqual(statuses(answer), [201, 201]);
    assert.match(await registry.metrics(), /^rekor_new_entries 2$/m);
    assert.equal((await log.checkpoint()).size, 2);
  });

  test(`duplicates are successes, answered as the switch says (${adapter})`, async (t) => {
    for (const duplicates of ['conflict', 'conflict-with-entry', 'return-existing'] as const) {
      const { post } = await startApp(t, { adapter, rules: { duplicates } });
      const alone = await post(ENTRIES, JSON.stringify(entry({ n: 1 })));
      const answer = await post(BATCH, batch([entry({ n: 2 }), entry({ n: 1 }), entry({ n: 2 })]));
      assert.equal(answer.status, 201);
      const again = duplicates === 'return-existing' ? 201 : 409;
      assert.deepEqual(statuses(answer), [201, again, again]);
      const [, old] = resultsOf(answer);
      const known = Object.keys(JSON.parse(alone.body))[0] ?? '';
      assert.equal(old?.entryID, known);
      assert.equal(old?.entry?.[known]?.logIndex, 0);
      if (again === 409) {
        assert.equal(old?.code, 409);
        assert.ok(old?.message?.endsWith(`with UUID ${known}`));
      }
    }
  });

  test(`all or nothing: one refused entry keeps the others out (${adapter})`, async (t) => {
    const { post, log } = await startApp(t, { adapter });
    await post(ENTRIES, JSON.stringify(entry({ n: 0 })));
    const answer = await post(
      BATCH,
      batch([
        entry({ n: 1 }),
        entry({ reject: 'SIGNATURE_INVALID' }),
        entry({ n: 0 }),
        { kind: 'nope' },
        { kind: 'dsse', apiVersion: 1, spec: {} },
        { kind: 'dsse', spec: {} },
        { kind: 'ProposedEntry' },
        7,
        null,
      ]),
    );
    assert.equal(answer.status, 400);
    const { code, message, results } = JSON.parse(answer.body);
    assert.deepEqual([code, message], [400, 'nothing was added: 7 of 9 entries cannot be stored']);
    assert.deepEqual(results.slice(0, 2), [
      { status: 424, code: 424, message: 'another entry of the batch was refused' },
      { status: 400, code: 400, message: 'error processing entry: as asked' },
    ]);
    assert.deepEqual(
      (results as Result[]).slice(2).map((each) => [each.status, each.code, each.message]),
      [
        [409, 409, results[2].message],
        [422, 422, 'invalid kind value: "nope"'],
        [
          400,
          400,
          'json: cannot unmarshal number into Go struct field targetedProposedEntry.apiVersion of type string',
        ],
        [422, 602, 'apiVersion in body is required'],
        [400, 400, "error processing entry: could not unmarshal entry for kind 'ProposedEntry'"],
        [
          400,
          400,
          'json: cannot unmarshal number into Go value of type models.targetedProposedEntry',
        ],
        [422, 602, 'kind in body is required'],
      ],
    );
    assert.equal((await log.checkpoint()).size, 1);
  });

  test(`per item: what can be stored is stored (${adapter})`, async (t) => {
    const { post, log } = await startApp(t, { adapter });
    const answer = await post(
      BATCH,
      batch([entry({ n: 1 }), entry({ reject: 'KEY_MALFORMED' }), entry({ n: 2 })], 'per-item'),
    );
    assert.equal(answer.status, 200);
    assert.deepEqual(statuses(answer), [201, 400, 201]);
    assert.deepEqual(Object.keys(JSON.parse(answer.body)), ['results']);
    assert.equal((await log.checkpoint()).size, 2);
    const none = await post(BATCH, batch([entry({ reject: 'KEY_MALFORMED' })], 'per-item'));
    assert.deepEqual([none.status, statuses(none)], [200, [400]]);
  });

  test(`an outage is the answer of the batch, with its Retry-After (${adapter})`, async (t) => {
    const { post, log } = await startApp(t, { adapter });
    log.failWith(new LogError('DISK_FULL', 'inside'));
    const thrown = await post(BATCH, batch([entry({ n: 1 })]));
    assert.equal(thrown.status, 507);
    assert.equal(thrown.headers['retry-after'], '60');
    const down = entry({ reject: 'STORE_UNAVAILABLE' });
    const whole = await post(BATCH, batch([entry({ n: 1 }), down]));
    assert.equal(whole.status, 503);
    assert.deepEqual(JSON.parse(whole.body), {
      code: 503,
      message: 'STORE_UNAVAILABLE, request request-1',
    });
    assert.equal((await post(BATCH, batch([down, down], 'per-item'))).status, 503);
    const some = await post(BATCH, batch([entry({ n: 1 }), down], 'per-item'));
    assert.equal(some.status, 200);
    assert.deepEqual(resultsOf(some)[1], {
      status: 503,
      code: 503,
      message: 'STORE_UNAVAILABLE, request request-1',
    });
  });

  test(`entries that are in the log and cannot be answered are told by their ID (${adapter})`, async (t) => {
    const { post, log, registry } = await startApp(t, {
      adapter,
      rules: { duplicates: 'return-existing' },
    });
    log.loseSigner();
    const answer = await post(BATCH, batch([entry({ n: 1 }), entry({ n: 2 })]));
    assert.equal(answer.status, 201);
    for (const result of resultsOf(answer)) {
      assert.deepEqual(Object.keys(result), ['status', 'code', 'message', 'entryID']);
      assert.equal(result.status, 409);
    }
    assert.match(await registry.metrics(), /^rekor_new_entries 2$/m);
    // What added nothing may come again; what added an entry is not sent back to add it once more.
    const retry = await post(BATCH, batch([entry({ n: 1 }), entry({ n: 2 })]));
    assert.equal(retry.status, 503);
    assert.equal(retry.headers['retry-after'], '5');
    const further = await post(BATCH, batch([entry({ n: 1 }), entry({ n: 3 })]));
    assert.equal(further.status, 201);
    assert.deepEqual(statuses(further), [409, 409]);
    log.findSigner();
    assert.deepEqual(
      statuses(await post(BATCH, batch([entry({ n: 1 }), entry({ n: 2 })]))),
      [201, 201],
    );
  });

  test(`a batch has 1 to 256 entries and one of two modes (${adapter})`, async (t) => {
    const { post, send } = await startApp(t, { adapter });
    const many = (count: number) => batch(Array.from({ length: count }, (_, n) => entry({ n })));
    assert.equal((await post(BATCH, many(256))).status, 201);
    const refused: readonly (readonly [string, number, number, string])[] = [
      [many(257), 422, 611, 'entries in body should have at most 256 items'],
      ['{"entries":[]}', 422, 612, 'entries in body should have at least 1 items'],
      ['{}', 422, 602, 'entries in body is required'],
      ['{"entries":null}', 422, 602, 'entries in body is required'],
      ['', 422, 602, 'batch in body is required'],
      [
        '{"entries":{}}',
        400,
        400,
        'json: cannot unmarshal object into Go struct field Batch.entries of type []ProposedEntry',
      ],
      [
        '{"entries":[{}],"mode":1}',
        400,
        400,
        'json: cannot unmarshal number into Go struct field Batch.mode of type string',
      ],
      [
        batch([entry(1)], 'some'),
        422,
        606,
        'mode in body should be one of [all-or-nothing per-item]',
      ],
      ['[]', 400, 400, 'json: cannot unmarshal array into Go value of type Batch'],
      ['{"entries":[', 400, 400, 'unexpected EOF'],
    ];
    for (const [body, status, code, message] of refused) {
      const answer = await post(BATCH, body);
      assert.deepEqual([answer.status, JSON.parse(answer.body)], [status, { code, message }]);
    }
    for (const mode of ['', 'all-or-nothing', 'per-item']) {
      const answer = await post(BATCH, batch([entry({ mode })], mode));
      assert.equal(answer.status, mode === 'per-item' ? 200 : 201);
    }
    const text = await send('POST', BATCH, { 'Content-Type': 'text/plain' }, many(1));
    assert.equal(text.status, 415);
  });

  test(`the paths around it answer as before (${adapter})`, async (t) => {
    const { send } = await startApp(t, { adapter });
    const read = await send('GET', BATCH);
    assert.equal(read.status, 422);
    assert.match(read.body, /"code":605,"message":"entryUUID in path should match/);
    for (const method of ['PUT', 'DELETE']) {
      const answers = [await send(method, BATCH), await send(method, `${ENTRIES}/retrieve`)];
      assert.deepEqual(
        answers.map(({ status, headers, body }) => [status, headers.allow, body]),
        Array(2).fill([
          405,
          'GET,POST',
          `{"code":405,"message":"method ${method} is not allowed, but [GET,POST] are"}`,
        ]),
      );
    }
    const other = await send('POST', `${ENTRIES}/other`);
    assert.equal(other.headers.allow, 'GET');
  });

  test(`a batch beyond the body's limit is refused with the limit (${adapter})`, async (t) => {
    const { post } = await startApp(t, { adapter, maxRequestBodySize: 100 });
    const answer = await post(BATCH, batch([entry({ text: 'x'.repeat(100) })]));
    assert.equal(answer.status, 413);
    assert.match(answer.body, /Request Entity Too Large\. Limit set to 100/);
  });

  test(`where entries cannot be created, batches cannot either (${adapter})`, async (t) => {
    const { post } = await startApp(t, { adapter, enabledEndpoints: new Set() });
    assert.equal((await post(BATCH, batch([entry(1)]))).status, 501);
    assert.equal((await post(BATCH, '{}')).status, 422);
  });

  test(`the limits are published as they are (${adapter})`, async (t) => {
    const { send } = await startApp(t, {
      adapter,
      maxRequestBodySize: 1_000,
      rules: { duplicates: 'return-existing', pendingEntries: 100, pendingBytes: 7 },
    });
    const answer = await send('GET', '/api/v1/limits');
    assert.equal(answer.status, 200);
    const limits = JSON.parse(answer.body);
    assert.equal(limits.requestBodyBytes, 1_000);
    assert.equal(limits.duplicates, 'return-existing');
    assert.deepEqual(
      [limits.batchEntries, limits.pendingEntries, limits.pendingBytes],
      [100, 100, 7],
    );
    assert.equal(limits.entry.signatures, 32);
    assert.equal(limits.entry.leafBytes, 65_535);
    assert.deepEqual(limits.entryTypes.hashedrekord, ['0.0.1']);
    assert.ok(limits.clientSigningAlgorithms.includes('ed25519'));
    const unbounded = await startApp(t, { adapter, maxRequestBodySize: 0 });
    const { body } = await unbounded.send('GET', '/api/v1/limits');
    assert.equal(JSON.parse(body).requestBodyBytes, 256 * 1024 * 1024);
    assert.equal(JSON.parse(body).batchEntries, 256);
  });
}
