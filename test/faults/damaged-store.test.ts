/**
 * Files of a stopped store are damaged by hand: a bit flipped, a file gone. Each damage is either harmless, which
 * a whole audit shows, or named: at start, or by `/readyz` before it is ever green.
 */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  type ServerProcess,
  ServerRefused,
  startServer,
  waitUntilReady,
} from '../../bench/harness/server-process.js';
import type { Ledger } from '../crash/ledger.js';
import { copyFolder, levelFolder, refusal, stoppedLog } from './scene.js';

const FLIPS = Number(process.env['STELE_FAULT_FLIPS'] ?? '8');
// Merging a damaged table, LevelDB may stop the process with an assertion of its own before we read the row.
const NAMED = /STORE_|GUARD_|leveldb.*Assertion .* failed/;

let folder = '';
let ledger: Ledger;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'stele-damage-'));
  ledger = await stoppedLog(join(folder, 'intact'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

function copyOfLog(name: string): string {
  return copyFolder(join(folder, 'intact'), join(folder, name));
}

for (const [ending, what] of [
  ['.log', 'the write-ahead log'],
  ['.ldb', 'a table'],
] as const) {
  test(`a flipped bit in ${what} is harmless or named, ${FLIPS} times`, async (t) => {
    const verdicts = { harmless: 0, named: 0 };
    for (let n = 0; n < FLIPS; n++) {
      const dataDir = copyOfLog(`flip${ending}${n}`);
      const where = flipBit(levelFolder(dataDir), ending);
      verdicts[await judge(dataDir, where)]++;
      rmSync(dataDir, { recursive: true });
    }
    t.diagnostic(`${verdicts.harmless} harmless, ${verdicts.named} named`);
    assert.ok(verdicts.named > 0, 'no flip was found at all');
  });
}

for (const [pattern, what] of [
  [/\.log$/, 'write-ahead log'],
  [/^MANIFEST-/, 'MANIFEST'],
  [/^CURRENT$/, 'CURRENT'],
  [/\.ldb$/, 'table'],
] as const) {
  test(`a missing ${what} is refused at start`, async () => {
    const dataDir = copyOfLog(`missing-${what.split(' ')[0]}`);
    for (const name of filesOf(levelFolder(dataDir), pattern)) rmSync(name);
    await assertRefused(dataDir);
  });
}

test('a missing store beside keys and guard is refused at start, not made anew', async () => {
  const dataDir = copyOfLog('missing-store');
  rmSync(levelFolder(dataDir), { recursive: true });
  await assertRefused(dataDir);
});

test('a MANIFEST that lacks its last byte is refused at start', async () => {
  const dataDir = copyOfLog('short-manifest');
  for (const path of filesOf(levelFolder(dataDir), /^MANIFEST-/)) {
    writeFileSync(path, readFileSync(path).subarray(0, -1));
  }
  const verdict = await judge(dataDir, 'MANIFEST cut');
  assert.ok(verdict === 'named' || verdict === 'harmless');
});

async function assertRefused(dataDir: string): Promise<void> {
  const { exit, output } = await refusal({ dataDir });
  assert.ok(exit !== undefined && exit.code !== 0, 'it ends with an error');
  assert.match(output, NAMED);
}

/** Starts on damaged data: `named` when the server says so, `harmless` when every promise is still kept. */
async function judge(dataDir: string, where: string): Promise<'harmless' | 'named'> {
  try {
    const server = await startServer({ dataDir });
    try {
      await waitUntilReady(server, 20_000);
    } catch (error) {
      // Never green is an answer, as long as it says that the store is the reason.
      assert.match(`${(error as Error).message}${server.output()}`, NAMED, where);
      await server.kill();
      return 'named';
    }
    return await auditVerdict(server, where).finally(() => server.kill());
  } catch (error) {
    if (!(error instanceof ServerRefused))
      throw new Error(`after ${where}: ${(error as Error).message}`, { cause: error });
    assert.ok(error.exit !== undefined && error.exit.code !== 0, where);
    assert.match(error.output, NAMED, where);
    return 'named';
  }
}

/** A row that reads back wrong must be an error that says so, never a wrong or a missing entry. */
async function auditVerdict(server: ServerProcess, where: string): Promise<'harmless' | 'named'> {
  try {
    await ledger.auditAll(server);
    return 'harmless';
  } catch (error) {
    assert.match((error as Error).message, NAMED, where);
    return 'named';
  }
}

/** Flips one random bit of a random file with this ending, and returns where. */
function flipBit(level: string, ending: string): string {
  const paths = filesOf(level, new RegExp(`${ending}$`)).filter(
    (path) => readFileSync(path).length > 0,
  );
  const random = randomBytes(12);
  const path = paths[random.readUInt32BE(0) % paths.length];
  assert.ok(path !== undefined, `no file ${ending}`);
  const bytes = readFileSync(path);
  const at = random.readUInt32BE(4) % bytes.length;
  const bit = (random[8] ?? 0) % 8;
  bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
  writeFileSync(path, bytes);
  return `bit ${bit} of byte ${at} of ${path}`;
}

function filesOf(level: string, pattern: RegExp): string[] {
  const names = readdirSync(level).filter((name) => pattern.test(name));
  assert.ok(names.length > 0, `no file like ${pattern}`);
  return names.map((name) => join(level, name));
}
