/**
 * Programs that this one starts, and none of which outlives it.
 *
 * In scope: starting, output, end. Out of scope: what the program is. Owns the set of those that are alive: they are
 * killed when this process exits, whatever the reason.
 */

import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';

export interface ExitStatus {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface StartedProgram {
  readonly pid: number;
  readonly child: ChildProcess;
  /** Resolves when the process is gone. */
  readonly exited: Promise<ExitStatus>;
  /** Returns the newest 64 KiB of what it printed on both streams. */
  output(): string;
  /** Sends a signal and waits for the end; after `deadlineMs` SIGKILL. */
  end(signal: NodeJS.Signals, deadlineMs: number): Promise<ExitStatus>;
}

export interface StartOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** A channel for messages beside the two streams. */
  readonly channel?: boolean;
}

const KEPT_OUTPUT = 64 * 1024;
const alive = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => process.exit(1));

/** Starts a program; a program that is not there shows as one that has ended. */
export function startProgram(command: readonly string[], options: StartOptions): StartedProgram {
  const [program = '', ...args] = command;
  const stdio: StdioOptions = [
    'ignore',
    'pipe',
    'pipe',
    ...(options.channel ? ['ipc' as const] : []),
  ];
  const child = spawn(program, args, { cwd: options.cwd, env: options.env, stdio });
  alive.add(child);
  let output = '';
  const keep = (text: string): void => {
    output = (output + text).slice(-KEPT_OUTPUT);
  };
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', keep);
  const exited = new Promise<ExitStatus>((resolve) => {
    child.once('error', (error) => keep(`${error.message}\n`));
    child.once('close', (code, signal) => {
      alive.delete(child);
      resolve({ code, signal });
    });
  });
  return {
    pid: child.pid ?? 0,
    child,
    exited,
    output: () => output,
    end: async (signal, deadlineMs) => {
      child.kill(signal);
      const timer = setTimeout(() => child.kill('SIGKILL'), deadlineMs);
      const status = await exited;
      clearTimeout(timer);
      return status;
    },
  };
}
