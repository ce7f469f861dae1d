import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ENTRY_KINDS, KNOWN_KINDS } from '../../src/entries/registry.js';
import { vectorPath } from '../vectors.js';
import { FUZZ_KINDS, fuzzInput, readCorpus } from './fuzz-input.js';
import { type Finding, fuzzKind, MAX_MS } from './fuzz-loop.js';
import { judge, judgeLookup } from './judge.js';

/** Inputs for each kind; the gate before a release sets more. */
const INPUTS = Number(process.env['STELE_FUZZ_INPUTS'] ?? '300');
const SEED = 20_261_122;

for (const kind of FUZZ_KINDS) {
  test(`damaged ${kind} submissions are accepted or refused, in bounded time and memory`, async () => {
    const corpus = readCorpus(kind);
    const { findings, refusals } = await fuzzKind({ corpus, seed: SEED, from: 0, inputs: INPUTS });
    assert.deepEqual(findings.slice(0, 5), []);
    assert.ok(refusals.size > 1, `only ${[...refusals.keys()]}`);
  });
}

test('a seed and a number give the same input again, and others another', () => {
  const corpus = readCorpus('alpine');
  assert.equal(fuzzInput(corpus, 1, 7), fuzzInput(corpus, 1, 7));
  assert.notEqual(fuzzInput(corpus, 1, 7), fuzzInput(corpus, 1, 8));
  assert.notEqual(fuzzInput(corpus, 1, 7), fuzzInput(corpus, 2, 7));
});

test('a run that names an unknown kind is refused before it begins', () => {
  const program = fileURLToPath(import.meta.url).replace('.test.', '.');
  const flags = process.execArgv.filter((flag) => !flag.startsWith('--test'));
  const run = spawnSync(process.execPath, [...flags, program, '--kind', 'rpm,rmp'], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  assert.equal(run.status, 2, run.stderr);
  assert.match(run.stderr, /no such kind: 'rmp'/);
  assert.equal(run.stdout, '');
});

test('lists and nesting beyond all measure are refused in every kind', async () => {
  const deep = `${'['.repeat(9_900)}${']'.repeat(9_900)}`;
  for (const kind of KNOWN_KINDS) {
    for (const value of [`[${'0,'.repeat(200_000)}0]`, deep]) {
      const version = Object.keys(ENTRY_KINDS[kind]?.versions ?? {})[0];
      const body = `{"kind":"${kind}","apiVersion":"${version}","spec":{"signature":${value}}}`;
      const { outcome } = await judge(body);
      assert.equal(outcome.verdict, 'refused', `${kind}: ${JSON.stringify(outcome)}`);
    }
  }
});

test('inputs that once were handled badly are handled well', async () => {
  const folder = vectorPath('fuzz');
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    const { body } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as Finding;
    const { outcome, ms } = await judge(body);
    assert.notEqual(outcome.verdict, 'failed', `${name}: ${JSON.stringify(outcome)}`);
    assert.ok(ms < MAX_MS, `${name}: ${ms} ms`);
    assert.notEqual((await judgeLookup(body)).verdict, 'failed', name);
  }
});
