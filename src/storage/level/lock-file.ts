/**
 * The store's own lock: a file beside the LevelDB folder that names its holder.
 *
 * LevelDB has a lock too, but a process loses it as soon as anything in it opens and closes the LOCK file
 * (docs/design/embedded-store.md). This file survives that, and says who holds it. It is made by `link`, so it is
 * there with its whole content or not at all, and it outlives a killed holder; then boot ID, process ID and start
 * time show that the holder is gone, and the next process takes it over. A holder in another PID namespace (another
 * container on the same volume) cannot be judged from here. So a file that is there is replaced only by a process
 * that has LevelDB's lock: of two that find the same stale file, and of two containers, one gets that lock, and the
 * other leaves the file as it is. A holder whose file was removed makes it again when it reopens the store.
 *
 * In scope: taking, judging and giving back the file. Out of scope: everything inside the LevelDB folder.
 */

import { randomUUID } from 'node:crypto';
import { link, readFile, readlink, rename, unlink, writeFile } from 'node:fs/promises';
import { isLogError, LogError } from '../../errors.js';

interface Holder {
  readonly pid: number;
  readonly token: string;
  /** Empty strings where the system does not tell. */
  readonly bootID: string;
  readonly pidNamespace: string;
  /** Clock ticks from boot to the start of the process: a PID is used again, the pair is not. */
  readonly startTicks: string;
}

/** A lock that this process holds. */
export interface LockFile {
  /**
   * Makes the file name this holder, in place of one that is missing or stale; to be called when LevelDB's lock is
   * held. Throws STORE_LOCKED while another holder lives, STORE_UNAVAILABLE when the file cannot be made.
   */
  claim(): Promise<void>;
  /** Gives the lock back; does nothing when it is held by somebody else by now. */
  release(): Promise<void>;
}

/**
 * Takes the lock at `path`, or, when a stale file lies there, the right to `claim` it. Throws STORE_LOCKED, naming
 * the process, while its holder lives, and STORE_UNAVAILABLE when the file cannot be made.
 */
export async function takeLock(path: string): Promise<LockFile> {
  return orUnavailable(path, async () => {
    const self = await describeProcess(process.pid, randomUUID());
    const text = `${JSON.stringify(self)}\n`;
    const draft = `${path}.${self.token}`;
    await linkLock(path, draft, text);
    return {
      claim: () => orUnavailable(path, () => claimLock(path, draft, text)),
      async release() {
        if ((await readOrUndefined(path)) === text) await unlink(path).catch(ignoreMissing);
      },
    };
  });
}

async function orUnavailable<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (isLogError(cause)) throw cause;
    throw new LogError('STORE_UNAVAILABLE', `the lock file ${path} cannot be made`, { cause });
  }
}

/** Makes the file if there is none; a stale one stays until `claimLock`. */
async function linkLock(path: string, draft: string, text: string): Promise<void> {
  await writeFile(draft, text, { flag: 'wx', mode: 0o600 });
  try {
    if (await linked(draft, path)) return;
    const found = await readOrUndefined(path);
    if (found !== undefined) await refuseLiving(path, found);
  } finally {
    await unlink(draft).catch(ignoreMissing);
  }
}

async function claimLock(path: string, draft: string, text: string): Promise<void> {
  const found = await readOrUndefined(path);
  if (found === text) return;
  // LevelDB's lock alone does not do: a process may have lost it and go on writing.
  if (found !== undefined) await refuseLiving(path, found);
  await writeFile(draft, text, { flag: 'wx', mode: 0o600 });
  try {
    // Whole or not at all, as `link` is, and over the stale file.
    await rename(draft, path);
  } finally {
    await unlink(draft).catch(ignoreMissing);
  }
}

async function refuseLiving(path: string, text: string): Promise<void> {
  const holder = parseHolder(text);
  // An unreadable lock file has no living holder: a holder's file was complete when it appeared.
  if (holder === undefined) return;
  const now = await describeProcess(holder.pid, holder.token);
  const sameMachine = now.bootID === holder.bootID && now.pidNamespace === holder.pidNamespace;
  if (!sameMachine || now.startTicks !== holder.startTicks || !isAlive(holder.pid)) return;
  const who = holder.pid === process.pid ? 'this process' : 'another process';
  throw new LogError(
    'STORE_LOCKED',
    `the store is open in ${who}, process ID ${holder.pid} (lock file ${path})`,
  );
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, and belongs to another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function describeProcess(pid: number, token: string): Promise<Holder> {
  const bootID = ((await readOrUndefined('/proc/sys/kernel/random/boot_id')) ?? '').trim();
  const pidNamespace = await readlink('/proc/self/ns/pid').catch(() => '');
  const stat = (await readOrUndefined(`/proc/${pid}/stat`)) ?? '';
  // Field 22, counted after the command name, which may hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // A zombie holds nothing any more, though it still answers to signals.
  const startTicks = fields[0] === 'Z' || fields[0] === 'X' ? 'ended' : (fields[19] ?? '');
  return { pid, token, bootID, pidNamespace, startTicks };
}

function parseHolder(text: string): Holder | undefined {
  try {
    const value = JSON.parse(text) as Partial<Record<keyof Holder, unknown>> | null;
    const { pid, token, bootID, pidNamespace, startTicks } = value ?? {};
    if (!Number.isSafeInteger(pid) || typeof token !== 'string') return undefined;
    if (typeof bootID !== 'string' || typeof startTicks !== 'string') return undefined;
    if (typeof pidNamespace !== 'string') return undefined;
    return { pid: pid as number, token, bootID, pidNamespace, startTicks };
  } catch {
    // Not JSON: the same answer as for a file of another shape.
    return undefined;
  }
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function readOrUndefined(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // ESRCH: a process that ended between opening and reading its /proc file.
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
