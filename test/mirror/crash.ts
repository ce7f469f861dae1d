/**
 * Kills a mirror again and again while it follows one log and is sent another, and holds the next one against both logs.
 *
 *   node dist/test/mirror/crash.js --rounds 100
 *
 * Every other round holds each cosignature back after it is on disk, so that the window between the two is hit for certain; the
 * others kill at any moment.
 */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { equalBytes } from '../../src/encoding/bytes.js';
import { originID } from '../../src/note/origin-id.js';
import { openSignedNote, parseSignedNote } from '../../src/note/signed-note.js';
import { parseVerifierKey, printVerifierKey } from '../../src/note/verifier-key.js';
import { noteVerifier } from '../../src/signing/note-verifier.js';
import { Random } from '../random.js';
import { packageRoot } from '../vectors.js';
import { STELE_COMMAND } from '../witness/crash.js';
import { tilesOf, UploadedLog } from './uploaded-log.js';

/** What the rounds have seen. */
export interface MirrorCrashTally {
  rounds: number;
  /** Uploads that were answered with a cosignature. */
  cosigned: number;
  /** Rounds whose cosignature was on disk and never answered. */
  statedUnanswered: number;
  /** Rounds that left a part of an upload. */
  uploadsCut: number;
  /** Rounds that left a part of the followed log. */
  copiesCut: number;
}

const uploaded = new UploadedLog('crash.example/uploaded');
const fork = uploaded.forked('other-');
const followed = new UploadedLog('crash.example/followed');

/** Runs `rounds` rounds. Throws AssertionError when the mirror has forgotten, or holds, anything that it must not. */
export async function mirrorCrashRounds(
  rounds: number,
  seed: number,
  told?: (tally: MirrorCrashTally) => void,
): Promise<MirrorCrashTally> {
  const random = new Random(seed);
  const folder = mkdtempSync(join(tmpdir(), 'stele-mirror-crash-'));
  writeFileSync(join(folder, 'seed'), '42'.repeat(32));
  const tally = { rounds: 0, cosigned: 0, statedUnanswered: 0, uploadsCut: 0, copiesCut: 0 };
  const source = await serveLog();
  let known: Known = { stated: 0, pending: 0, copied: 0 };
  try {
    while (tally.rounds < rounds) {
      source.size += random.below(3_000);
      const holds = tally.rounds % 2 === 0;
      const mirror = await startMirror(folder, source.url, holds ? 'persisted:60000' : undefined);
      known = await useAndKill(mirror, known, source, holds, random, tally);
      known = await checkMemory(folder, source, known, tally);
      tally.rounds += 1;
      told?.(tally);
    }
  } finally {
    source.server.closeAllConnections();
    source.server.close();
    rmSync(folder, { recursive: true, force: true });
  }
  return tally;
}

/** Sizes that the mirror has answered for. */
interface Known {
  /** Cosigned, of the log that is uploaded. */
  readonly stated: number;
  /** Pending. */
  readonly pending: number;
  /** Served, of the log that is followed. */
  readonly copied: number;
}

/** Submits a larger tree, uploads it, kills on the way. */
async function useAndKill(
  mirror: Running,
  { stated, pending, copied }: Known,
  source: ServedLog,
  holds: boolean,
  random: Random,
  tally: MirrorCrashTally,
): Promise<Known> {
  const size = pending + 1 + random.below(2_500);
  const submitted = await mirror.post('add-checkpoint', uploaded.submission(pending, size));
  assert.equal(submitted?.status, 200);
  const next = await mirror.nextEntry(size);
  const uploading = mirror.post('add-entries', uploaded.upload(next, size)).catch(() => undefined);
  if (holds) {
    while ((await mirror.servedSize(uploaded.origin)) !== size) await turn();
  } else {
    // At once, or somewhere within the upload, or within the copying.
    const [log, from, to] = random.pick([
      [uploaded, next, next],
      [uploaded, next, size],
      [followed, copied, source.size],
    ] as const);
    const enough = from + random.below(Math.max(1, to - from));
    while ((await mirror.entriesOf(log.origin)) < enough) await turn();
    const there = await mirror.entriesOf(followed.origin);
    if (there > copied && there < source.size) tally.copiesCut += 1;
  }
  await mirror.kill();
  const answer = await uploading;
  if (answer?.status !== 200) return { stated, pending: size, copied };
  assert.ok(!holds, 'no cosignature leaves a mirror that holds it back');
  tally.cosigned += 1;
  return { stated: size, pending: size, copied };
}

/** Starts the mirror again, tempts it, and reads all that it holds. Returns the sizes that it knows. */
async function checkMemory(
  folder: string,
  source: ServedLog,
  known: Known,
  tally: MirrorCrashTally,
): Promise<Known> {
  const mirror = await startMirror(folder, source.url, undefined);
  try {
    const lie = fork.submission(0, known.pending + 5);
    const probe = await mirror.post('add-checkpoint', lie);
    assert.deepEqual([probe?.status, probe?.body], [409, `${known.pending}\n`]);
    const same = fork.submission(known.pending, known.pending);
    assert.equal((await mirror.post('add-checkpoint', same))?.status, 422);
    const stated = await mirror.verify(uploaded);
    assert.ok([known.stated, known.pending].includes(stated), `${stated} of ${known.stated}`);
    if (stated > known.stated) tally.statedUnanswered += 1;
    const next = await mirror.nextEntry(known.pending);
    assert.ok(next >= stated);
    if (next > stated && next < known.pending) tally.uploadsCut += 1;
    const rest = await mirror.post('add-entries', uploaded.upload(next, known.pending));
    assert.equal(rest?.status, 200, rest?.body);
    tally.cosigned += 1;
    assert.equal(await mirror.verify(uploaded), known.pending);
    const before = await mirror.servedSize(followed.origin);
    assert.ok(before >= known.copied && before <= source.size);
    while ((await mirror.servedSize(followed.origin)) !== source.size) await turn();
    assert.equal(await mirror.verify(followed), source.size);
    return { stated: known.pending, pending: known.pending, copied: source.size };
  } finally {
    await mirror.kill();
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

interface ServedLog {
  readonly url: string;
  readonly server: Server;
  size: number;
}

async function serveLog(): Promise<ServedLog> {
  const server = createServer((request, response) => {
    const path = (request.url ?? '').slice(1);
    const body = path === 'checkpoint' ? followed.checkpoint(log.size) : tilesOf(followed, path);
    response.writeHead(body === undefined ? 404 : 200).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const log: ServedLog = { url, server, size: 3_000 };
  return log;
}

interface Running {
  post(path: string, body: string | Uint8Array): Promise<Answer | undefined>;
  /** Where an upload to the pending size goes on. */
  nextEntry(pending: number): Promise<number>;
  /** Size of the checkpoint that is served, 0 without one. */
  servedSize(origin: string): Promise<number>;
  /** Entries that are on disk. */
  entriesOf(origin: string): Promise<number>;
  /** Reads a copy whole and holds it against its log. Returns its size, 0 without a checkpoint. */
  verify(log: UploadedLog): Promise<number>;
  /** Kills without warning and waits for the end. */
  kill(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

async function startMirror(
  folder: string,
  source: string,
  pause: string | undefined,
): Promise<Running> {
  const child = spawn(
    process.execPath,
    [
      ...STELE_COMMAND,
      ...['mirror', '--name', 'crash.example/mirror', '--port', '0', '--metrics-port', '0'],
      ...['--data-dir', join(folder, 'data'), '--mldsa-seed-file', join(folder, 'seed')],
      ...['--upload', printVerifierKey(uploaded.key)],
      ...['--url', source, '--key', printVerifierKey(followed.key), '--interval', '1'],
    ],
    {
      cwd: packageRoot,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...(pause && { STELE_TEST_MIRROR_PAUSE: pause }) },
    },
  );
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const { url, verifierKeys } = await announced(child);
  const [vkey = ''] = verifierKeys;
  const text = async (path: string): Promise<string | undefined> => {
    const response = await fetch(`${url}/${path}`);
    const body = await response.text();
    return response.status === 200 ? body : undefined;
  };
  const mirror: Running = {
    async post(path, body) {
      const type = typeof body === 'string' ? 'text/plain' : 'application/octet-stream';
      const request = { method: 'POST', body, headers: { 'content-type': type } };
      const response = await fetch(`${url}/${path}`, request);
      return { status: response.status, body: await response.text() };
    },
    async nextEntry(pending) {
      // Nobody has so many entries: the answer says where to go on.
      const ahead = await mirror.post('add-entries', uploaded.upload(pending, pending));
      const [, next] = ahead?.body.split('\n') ?? [];
      return ahead?.status === 409 ? Number(next) : pending;
    },
    async servedSize(origin) {
      const note = await text(`${originID(origin)}/checkpoint`);
      return Number(note?.split('\n')[1] ?? 0);
    },
    async entriesOf(origin) {
      const lines = (await text(''))?.split('\n') ?? [];
      const line = lines.find((each) => each.startsWith(`/${originID(origin)}/`));
      return Number(/ entries (\d+) /.exec(line ?? '')?.[1]);
    },
    async verify(log) {
      const note = await text(`${originID(log.origin)}/checkpoint`);
      if (note === undefined) return 0;
      const verifiers = [noteVerifier(log.key), noteVerifier(parseVerifierKey(vkey))];
      const parsed = parseSignedNote(note);
      assert.equal(openSignedNote(parsed, verifiers).length, 2);
      const size = Number(note.split('\n')[1]);
      assert.equal(parsed.text, parseSignedNote(log.checkpoint(size)).text);
      for (const path of log.tilePaths(size)) {
        const response = await fetch(`${url}/${originID(log.origin)}/${path}`);
        const served = new Uint8Array(await response.arrayBuffer());
        assert.ok(equalBytes(served, tilesOf(log, path) ?? new Uint8Array(0)), path);
      }
      return size;
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
  return mirror;
}

interface Announced {
  readonly url: string;
  readonly verifierKeys: readonly string[];
}

async function announced(child: ChildProcess): Promise<Announced> {
  assert.ok(child.stdout !== null);
  let errors = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    errors = (errors + chunk.toString()).slice(-2_000);
  });
  for await (const line of createInterface({ input: child.stdout })) {
    return JSON.parse(line) as Announced;
  }
  throw new Error(`the mirror ended before it listened: ${errors}`);
}

if (process.argv[1]?.endsWith('mirror/crash.js') === true) {
  const { values } = parseArgs({
    options: { rounds: { type: 'string', default: '100' }, seed: { type: 'string', default: '1' } },
  });
  const tally = await mirrorCrashRounds(Number(values.rounds), Number(values.seed), (so) => {
    if (so.rounds % 10 === 0) console.log(JSON.stringify(so));
  });
  assert.ok(tally.statedUnanswered > 0);
}
