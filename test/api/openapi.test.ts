import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { ENDPOINTS } from '../../src/api/v1/endpoint.js';
import { v2Routes } from '../../src/api/v2/routes.js';
import { startLog } from '../golden/started-log.js';
import { packageRoot } from '../vectors.js';
import { type Example, examplesOf, operationIDs, withSharedParts } from './described-operation.js';
import { createFakeLog } from './fake-log.js';
import { sendRequest } from './started-app.js';

const document = withSharedParts(parse(readFileSync(join(packageRoot, 'openapi.yaml'), 'utf8')));
const ajv = new Ajv2020({ strict: false, allErrors: true });
ajv.addSchema({ $id: 'description:stele', ...document });

test('every operation has an example for a success', () => {
  const shown = new Set(
    examplesOf(document)
      .filter(({ status }) => status < 300)
      .map(({ operation }) => operation),
  );
  assert.deepEqual(
    operationIDs(document).filter((id) => !shown.has(id)),
    [],
  );
});

test('every example of a request has an answer, and every answer with parameters a request', () => {
  const answered = new Set(
    examplesOf(document).map(({ operation, name }) => `${operation} ${name}`),
  );
  const asked = requestExamples(document);
  assert.deepEqual(
    asked.filter((name) => !answered.has(name)),
    [],
  );
});

test('every switch of the API has its operation', () => {
  const described = new Set(operationIDs(document));
  assert.deepEqual(
    Object.keys(ENDPOINTS).filter((endpoint) => !described.has(endpoint)),
    [],
  );
});

test('every route of the v2 API, of tiles and of proofs has its operation', () => {
  const log = createFakeLog();
  const desks = { rekorSide: log, tileSide: log };
  const routes = v2Routes({ log: desks, logs: [desks], servesReads: true }, () => {});
  assert.ok(routes.length >= 11);
  for (const { method, path } of routes) {
    const item = document.paths[path.replace('+}', '}')];
    assert.ok(item?.[method.toLowerCase()] !== undefined, `${method} ${path}`);
  }
});

test('an operation without an example is found out', () => {
  const planted = structuredClone(document);
  delete planted.paths['/ping'].get.responses['200'].content['text/plain'].examples;
  const shown = new Set(examplesOf(planted).map(({ operation }) => operation));
  assert.ok(!shown.has('ping'));
});

test('a reference to a shared part that is not there is found out', () => {
  const planted = structuredClone(document);
  planted.paths['/ping'].get.responses['200'] = { $ref: '#/components/responses/Nowhere' };
  assert.throws(() => withSharedParts(planted), /there is no responses\/Nowhere/);
});

test('the examples of answers fit their schemas', () => {
  for (const example of examplesOf(document)) {
    if (example.mediaType !== undefined) checkBody(example, example.shown, 'as shown');
  }
});

for (const adapter of ['fast', 'express'] as const) {
  test(`a started server answers every example as described (${adapter})`, async () => {
    const log = await startLog({ adapter, timestamps: true });
    const port = Number(new URL(log.url).port);
    try {
      for (const example of examplesOf(document)) await drive(port, example);
    } finally {
      await log.close();
    }
  });
}

test('a conflict is described in each of its forms', async () => {
  const { hashedrekord } =
    document.paths['/api/v1/log/entries'].post.requestBody.content['application/json'].examples;
  for (const duplicates of ['conflict', 'conflict-with-entry'] as const) {
    const log = await startLog({ duplicates });
    const port = Number(new URL(log.url).port);
    const target = '/api/v1/log/entries';
    const headers = { 'Content-Type': 'application/json' };
    try {
      const send = () =>
        sendRequest(port, 'POST', target, headers, JSON.stringify(hashedrekord.value));
      await send();
      const body = JSON.parse((await send()).body);
      const schema = { $ref: 'description:stele#/components/schemas/Conflict' };
      assert.ok(ajv.validate(schema, body), ajv.errorsText());
      assert.equal('entry' in body, duplicates === 'conflict-with-entry');
    } finally {
      await log.close();
    }
  }
});

async function drive(port: number, example: Example): Promise<void> {
  const where = `${example.operation} ${example.name}`;
  const headers: Record<string, string> =
    example.body === undefined ? {} : { 'Content-Type': 'application/json' };
  const answer = await sendRequest(port, example.method, example.target, headers, example.body);
  assert.equal(answer.status, example.status, `${where}: ${answer.body}`);
  assert.equal(answer.headers['content-type']?.split(';')[0], example.mediaType, where);
  for (const name of example.requiredHeaders) {
    assert.notEqual(answer.headers[name], undefined, `${where}: no ${name}`);
  }
  if (example.mediaType === undefined) {
    assert.equal(answer.body, '', where);
    return;
  }
  const isText = example.mediaType.startsWith('text/') || example.status === 200;
  const isJson = example.mediaType === 'application/json' || !isText;
  checkBody(example, isJson ? JSON.parse(answer.body) : answer.body, 'as answered');
  // Errors are shown word for word.
  if (example.status >= 400)
    assert.deepEqual(JSON.parse(answer.body), neutral(example, answer.body));
}

/** What is shown, with the tree ID of the log that answered. */
function neutral(example: Example, body: string): unknown {
  const id = /[0-9a-f]{80}/.exec(body)?.[0] ?? '';
  return JSON.parse(JSON.stringify(example.shown).replace(/[0-9a-f]{80}/, id));
}

function checkBody(example: Example, body: unknown, how: string): void {
  const schema = { $ref: `description:stele#/${example.schemaPointer}` };
  const isValid = ajv.validate(schema, body);
  const where = `${example.operation} ${example.name} ${how}`;
  assert.ok(isValid, `${where}: ${ajv.errorsText()} ${JSON.stringify(body).slice(0, 400)}`);
}

function requestExamples(described: typeof document): string[] {
  const found: string[] = [];
  for (const item of Object.values(described.paths as Record<string, Record<string, unknown>>)) {
    for (const operation of Object.values(item)) {
      const {
        operationId,
        parameters = [],
        requestBody,
      } = operation as {
        operationId: string;
        parameters?: { examples?: object }[];
        requestBody?: { content: Record<string, { examples?: object }> };
      };
      const lists = [
        ...parameters.map(({ examples }) => examples),
        requestBody?.content['application/json']?.examples,
      ];
      for (const list of lists) {
        for (const name of Object.keys(list ?? {})) found.push(`${operationId} ${name}`);
      }
    }
  }
  return found;
}
