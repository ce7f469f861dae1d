import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { describe, it } from 'node:test';
import { OPTIONS } from '../../src/server/options.js';
import { initialise, serve, type World } from '../../src/server/serve.js';
import { temporaryFolder } from './scene.js';

/** A process that is none: keeps what is written and lets tests send signals. */
class FakeWorld extends EventEmitter {
  readonly env: Record<string, string> = {};
  readonly exits: number[] = [];
  written = '';
  errors = '';
  readonly stdout: Writable & { isTTY?: boolean };
  readonly stderr: Writable;

  constructor(isTTY = false) {
    super();
    this.stdout = new Writable({
      write: (chunk, _, done) => {
        this.written += String(chunk);
        if (this.written.includes('"listening"')) this.emit('listening');
        done();
      },
    });
    this.stdout.isTTY = isTTY;
    this.stderr = new Writable({
      write: (chunk, _, done) => {
        this.errors += String(chunk);
        done();
      },
    });
  }

  exit(code: number): void {
    this.exits.push(code);
  }

  get asProcess(): World {
    return this as unknown as World;
  }
}

const quiet = (dataDir: string) => [
  '--port=0',
  '--metrics-port=0',
  '--log-level=silent',
  `--data-dir=${dataDir}`,
];

describe('serving', () => {
  it('prints one JSON line when it listens, and exits with 0 at SIGTERM', async (t) => {
    const world = new FakeWorld();
    const listening = new Promise((resolve) => world.once('listening', resolve));
    const served = serve(quiet(temporaryFolder(t)), world.asProcess);
    await listening;
    const lines = world.written.trimEnd().split('\n');
    assert.equal(lines.length, 1);
    const line = JSON.parse(lines[0] ?? '') as Record<string, string>;
    assert.deepEqual(Object.keys(line), ['msg', 'url', 'metricsUrl', 'treeID', 'origin', 'v2']);
    assert.equal(line['msg'], 'listening');
    assert.equal((await fetch(`${line['url']}/ping`)).status, 200);
    world.emit('SIGTERM', 'SIGTERM');
    assert.equal(await served, 0);
    await assert.rejects(fetch(`${line['url']}/ping`));
    assert.deepEqual(world.exits, []);
  });

  it('tells people on a terminal what to do next, after the line for scripts', async (t) => {
    const world = new FakeWorld(true);
    const listening = new Promise((resolve) => world.once('listening', resolve));
    const dataDir = temporaryFolder(t);
    const served = serve(quiet(dataDir), world.asProcess);
    await listening;
    world.emit('SIGINT', 'SIGINT');
    assert.equal(await served, 0);
    const [first = '', ...rest] = world.written.split('\n');
    const { url, treeID, origin } = JSON.parse(first) as Record<string, string>;
    const message = rest.join('\n');
    for (const part of [url, treeID, origin, dataDir, 'rekor-cli', 'npm run demo', '--hostname']) {
      assert.ok(part !== undefined && message.includes(part), part);
    }
  });

  it('ends at once at a second signal', async (t) => {
    const world = new FakeWorld();
    const listening = new Promise((resolve) => world.once('listening', resolve));
    const served = serve(quiet(temporaryFolder(t)), world.asProcess);
    await listening;
    world.emit('SIGTERM', 'SIGTERM');
    world.emit('SIGTERM', 'SIGTERM');
    assert.deepEqual(world.exits, [143]);
    await served;
  });

  it('refuses a wrong option with 2 and a wrong data folder with 3, in one line', async (t) => {
    const world = new FakeWorld();
    assert.equal(await serve(['--prot=1'], world.asProcess), 2);
    assert.match(world.errors, /^stele: CONFIG_INVALID: .*--prot.*\n$/);

    const dataDir = temporaryFolder(t);
    mkdirSync(join(dataDir, 'keys'));
    writeFileSync(join(dataDir, 'keys', 'log.pem'), 'left over');
    for (const run of [serve, initialise]) {
      const refused = new FakeWorld();
      assert.equal(await run(quiet(dataDir), refused.asProcess), 3);
      assert.match(refused.errors, /^stele: STORE_MISSING: .*\n$/);
      assert.equal(refused.written, '');
    }
  });

  it('reads its options from the environment of the process', async () => {
    const world = new FakeWorld();
    world.env['STELE_PROT'] = '1';
    assert.equal(await serve([], world.asProcess), 2);
    assert.match(world.errors, /STELE_PROT/);
  });

  it('explains every option when asked', async () => {
    for (const run of [serve, initialise]) {
      const world = new FakeWorld();
      assert.equal(await run(['--help'], world.asProcess), 0);
      for (const { name } of OPTIONS) assert.ok(world.written.includes(`--${name}\n`), name);
    }
  });
});
