import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { ClassicLevel } from 'classic-level';
import {
  type LevelStore,
  type LevelStoreOptions,
  openLevelStore,
} from '../../../src/storage/level/level-store.js';

const made: string[] = [];
after(() => Promise.all(made.map((folder) => rm(folder, { recursive: true, force: true }))));

/** Returns the path of a store that does not exist yet, in a folder that goes away after the tests. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'stele-store-'));
  made.push(folder);
  return join(folder, 'store');
}

/** Opens a store that needs no reserve; small buffers, so that tables are written too. */
export function openAt(
  directory: string,
  options: Partial<LevelStoreOptions> = {},
): Promise<LevelStore> {
  return openLevelStore({
    directory,
    create: false,
    reserveBytes: 0,
    writeBufferSize: 4 << 20,
    ...options,
  });
}

/** Runs `work` on the database of a closed store, as nobody should. */
export async function tamper(
  directory: string,
  work: (database: ClassicLevel<Buffer, Buffer>) => Promise<void>,
): Promise<void> {
  const database = new ClassicLevel<Buffer, Buffer>(directory, {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
    createIfMissing: false,
  });
  await database.open();
  await work(database);
  await database.close();
}
