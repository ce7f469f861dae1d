import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import { originID } from '../../src/note/origin-id.js';
import { start, temporaryFolder } from '../server/scene.js';
import { packageRoot } from '../vectors.js';
import { STELE_COMMAND } from '../witness/crash.js';
import { witnessFolder } from '../witness/served-witness.js';
import { TestLog } from '../witness/test-log.js';

const log = new TestLog('log.example/main');
const SEED = '5f'.repeat(32);

interface Ended {
  readonly code: number | null;
  readonly err: string;
  /** The line for scripts. */
  readonly line: { url: string; metricsUrl: string; verifierKeys: string[] } | undefined;
}

/** Runs a witness; when it listens, `use` is called and SIGTERM sent. */
async function run(
  args: readonly string[],
  use: (line: NonNullable<Ended['line']>) => Promise<void> = async () => {},
): Promise<Ended> {
  const flags = ['--port', '0', '--metrics-port', '0', ...args];
  const child = spawn(process.execPath, [...STELE_COMMAND, 'witness', ...flags], {
    cwd: packageRoot,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let err = '';
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString();
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  let line: Ended['line'];
  try {
    for await (const text of createInterface({ input: child.stdout })) {
      line ??= JSON.parse(text) as NonNullable<Ended['line']>;
      await use(line);
      child.kill('SIGTERM');
    }
  } finally {
    child.kill('SIGTERM');
  }
  return { code: await ended, err, line };
}

describe('stele witness', () => {
  it('cosigns with the seeds and logs that it is given, and stops at a signal', async (t) => {
    const folder = witnessFolder(t);
    const [seed, list] = [join(folder, 'seed'), join(folder, 'logs')];
    writeFileSync(seed, `${SEED}\n`);
    writeFileSync(list, `logs/v0\nvkey ${log.vkey}\norigin log.example - 1\n`);
    const data = ['--data-dir', join(folder, 'data'), '--name', 'witness.example/w'];
    const { code, err } = await run(
      [...data, '--ed25519-seed-file', seed, '--logs', list, '--log', log.vkey],
      async ({ url, metricsUrl, verifierKeys }) => {
        assert.equal(verifierKeys.length, 1);
        assert.match(verifierKeys[0] as string, /^witness\.example\/w\+[0-9a-f]{8}\+B/);
        const init = { method: 'POST', body: log.body(0, 5) };
        const response = await fetch(`${url}/add-checkpoint`, init);
        assert.equal(response.status, 200);
        assert.match(await response.text(), /^\u2014 witness\.example\/w \S{104}\n$/);
        const renamed = log.sign(log.text(5).replace(log.origin, 'log.example - 1'));
        const other = { method: 'POST', body: `old 0\n\n${renamed}` };
        assert.equal((await fetch(`${url}/add-checkpoint`, other)).status, 200);
        const figures = await (await fetch(`${metricsUrl}/metrics`)).text();
        assert.match(figures, /stele_witness_outcomes_total\{outcome="cosigned"\} 2/);
      },
    );
    assert.equal(code, 0, err);
  });

  it('looks by itself at a log that does not ask', async (t) => {
    const folder = witnessFolder(t);
    const server = await start(t, temporaryFolder(t));
    const origin = server.identity.hostname;
    const key = server.identity.verifierKeys.find((vkey) => vkey.startsWith(`${origin}+`));
    const [seed, feed] = [join(folder, 'seed'), join(folder, 'feed.yaml')];
    writeFileSync(seed, SEED);
    writeFileSync(feed, `logs:\n  - { kind: tiles, url: '${server.url}/', key: '${key}' }\n`);
    const data = ['--data-dir', join(folder, 'data'), '--name', 'witness.example/w'];
    const { code, err } = await run(
      [...data, '--ed25519-seed-file', seed, '--feed', feed],
      async ({ url }) => {
        let response: Response;
        do response = await fetch(`${url}/${originID(origin)}/checkpoint`);
        while (response.status === 404);
        const note = await response.text();
        assert.ok(note.startsWith(`${origin}\n`), note);
        assert.match(note, /^\u2014 witness\.example\/w /m);
      },
    );
    assert.equal(code, 0, err);
  });

  it('makes its keys once, and not again for a state that has lost them', async (t) => {
    const folder = witnessFolder(t);
    const args = ['--data-dir', folder, '--name', 'witness.example/w'];
    const first = await run(args);
    assert.equal(first.code, 0, first.err);
    assert.equal(first.line?.verifierKeys.length, 2);
    const seed = join(folder, 'ed25519.seed');
    assert.equal(statSync(seed).mode & 0o777, 0o600);
    assert.match(readFileSync(seed, 'latin1'), /^[0-9a-f]{64}\n$/);
    const again = await run(args);
    assert.deepEqual(again.line?.verifierKeys, first.line?.verifierKeys);
    rmSync(seed);
    const lost = await run(args);
    assert.equal(lost.code, 3);
    assert.match(lost.err, /KEY_FILE_INVALID.*ed25519\.seed/);
  });

  it('says what is wrong with its options and files', async (t) => {
    const folder = witnessFolder(t);
    const [bad, good] = [join(folder, 'bad'), join(folder, 'good')];
    writeFileSync(bad, 'not a seed');
    writeFileSync(good, Buffer.alloc(32, 7));
    const args = ['--data-dir', join(folder, 'data'), '--ed25519-seed-file', good];
    const name = ['--name', 'witness.example/w'];
    for (const [wrong, code, message] of [
      [[], 2, /--name/],
      [['--name', 'with space'], 2, /CONFIG_INVALID.*--name/],
      [['--name', 'w'.repeat(256)], 2, /CONFIG_INVALID.*--name/],
      [[...name, '--log', 'nonsense'], 2, /CONFIG_INVALID.*--log/],
      [[...name, '--logs', bad], 2, /CONFIG_INVALID.*line 1/],
      [[...name, '--feed', bad], 2, /CONFIG_INVALID.*--feed/],
      [[...name, '--port', '70000'], 2, /CONFIG_INVALID.*--port/],
      [[...name, '--log-level', 'loud'], 2, /CONFIG_INVALID.*log level/],
      [[...name, '--distributor-witness', 'x'], 2, /CONFIG_INVALID.*--distributor-witness/],
      [[...name, '--mldsa-seed-file', bad], 3, /KEY_FILE_INVALID/],
    ] as const) {
      const ended = await run([...args, ...wrong]);
      assert.equal(ended.code, code, ended.err);
      assert.match(ended.err, message);
    }
  });
});
