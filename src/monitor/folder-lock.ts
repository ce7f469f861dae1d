/**
 * The lock on a monitor's folder: two that share one would each forget what the other has seen.
 *
 * It is that of an empty LevelDB beside the files: the kernel gives it back when its holder is killed, which no file with a
 * process ID in it can promise across containers. State: the handle, until it is released.
 */

import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { LogError } from '../errors.js';
import { makeFolder } from '../files/durable-file.js';

/** Resolves to what gives the folder back. Rejects with STORE_LOCKED while another monitor has it. */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  await makeFolder(folder);
  const lock = new ClassicLevel(join(folder, 'lock'));
  try {
    await lock.open();
  } catch (error) {
    const { cause } = error as { cause?: { code?: unknown } };
    if (cause?.code !== 'LEVEL_LOCKED') throw error;
    throw new LogError('STORE_LOCKED', `another monitor has the folder ${folder}`, { cause });
  }
  return () => lock.close();
}
