/**
 * A server as a child process: started on a free port, waited for, measured, stopped.
 *
 * In scope: the life of the process and what it prints. Out of scope: what is asked of it. Whoever starts a
 * server ends it: `stop` and `kill` return only when the process is gone (child-process.ts).
 */

import type { ChildProcess } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ExitStatus, startProgram } from './child-process.js';
import { Connection, requestBytes } from './connection.js';
import type { InsideFigures } from './server-probe.js';

/** How a program is started. */
export interface ListeningOptions {
  /** Further environment variables. */
  readonly env?: Readonly<Record<string, string>>;
  /** How long it may take to listen. */
  readonly timeoutMs?: number;
  /** Let it be looked inside: it has loaded server-probe.ts. */
  readonly probed?: boolean;
}

export interface ServerOptions extends ListeningOptions {
  readonly dataDir: string;
  /** Further flags of the server. */
  readonly flags?: readonly string[];
  /** Flags of Node. */
  readonly nodeFlags?: readonly string[];
  /** A command that runs the server's command, which is appended to it. */
  readonly wrapper?: readonly string[];
}

/** Thrown when the server ended, or said nothing in time, instead of listening. */
export class ServerRefused extends Error {
  readonly exit: ExitStatus | undefined;
  readonly output: string;

  constructor(exit: ExitStatus | undefined, output: string) {
    const ending = exit
      ? `the server ended with ${exit.code ?? exit.signal}`
      : 'no listening line in time';
    super(`${ending}: ${output.slice(-500)}`);
    this.name = 'ServerRefused';
    this.exit = exit;
    this.output = output;
  }
}

export interface ServerProcess {
  readonly pid: number;
  readonly url: string;
  readonly metricsUrl: string;
  readonly treeID: string;
  readonly origin: string;
  /** The log of the v2 API. */
  readonly v2: LogName;
  /** Milliseconds from spawning to the listening line. */
  readonly startMs: number;
  /** Resolves when the process is gone. */
  readonly exited: Promise<ExitStatus>;
  /** Returns the newest 64 KiB of what it printed on both streams. */
  output(): string;
  /** Sends a signal. */
  signal(name: NodeJS.Signals): void;
  /** SIGTERM, and waits; after `deadlineMs` (default 15 s) SIGKILL. */
  stop(deadlineMs?: number): Promise<ExitStatus>;
  /** SIGKILL, and waits. */
  kill(): Promise<ExitStatus>;
  /** Returns what it saw of itself since the last time; there when it was started `probed`. */
  readonly lookInside?: () => Promise<InsideFigures>;
}

const STOPPED_WITHIN_MS = 15_000;

/**
 * The flags of a server that is measured: no line for each request. It would go to a program that shares the machine
 * and reads it. What lines cost is a case of its own (suite.ts). Flags after these win.
 */
export const QUIET_FLAGS: readonly string[] = ['--log-level', 'warn'];

/** True when this program runs from its TypeScript source and not compiled. */
export const fromSource: boolean = import.meta.url.endsWith('.ts');

/** The folder that holds package.json. */
export const projectRoot: string = join(
  dirname(fileURLToPath(import.meta.url)),
  ...(fromSource ? ['..', '..'] : ['..', '..', '..']),
);

/** Returns the command that runs a program of this project, given by its path without ending. */
export function programCommand(path: string): string[] {
  return fromSource
    ? [process.execPath, '--conditions=source', '--import', 'tsx', join(projectRoot, `${path}.ts`)]
    : [process.execPath, join(projectRoot, 'dist', `${path}.js`)];
}

/** Starts the log server and returns when it listens. Throws ServerRefused. */
export function startServer(options: ServerOptions): Promise<ServerProcess> {
  const flags = ['--port', '0', '--metrics-port', '0', '--data-dir', options.dataDir];
  const [node = '', ...program] = programCommand('src/server/main');
  const command = [
    ...(options.wrapper ?? []),
    node,
    ...(options.nodeFlags ?? []),
    ...(options.probed ? ['--import', probeUrl()] : []),
    ...program,
    ...flags,
    ...(options.flags ?? []),
  ];
  return startListening(command, options);
}

/** Starts any program that prints a listening line of the server's shape; see `startServer`. */
export async function startListening(
  command: readonly string[],
  { env = {}, timeoutMs = 30_000, probed = false }: ListeningOptions = {},
): Promise<ServerProcess> {
  const began = performance.now();
  const { child, pid, exited, output, end } = startProgram(command, {
    cwd: projectRoot,
    env: { ...environmentWithoutSettings(), ...env },
    channel: probed,
  });
  const line = await firstListeningLine(child, exited, timeoutMs);
  if (line === undefined) {
    const exit = child.exitCode === null && child.signalCode === null ? undefined : await exited;
    await end('SIGKILL', 0);
    throw new ServerRefused(exit, output());
  }
  return {
    ...line,
    pid,
    startMs: performance.now() - began,
    exited,
    output,
    signal: (name) => child.kill(name),
    stop: (deadlineMs = STOPPED_WITHIN_MS) => end('SIGTERM', deadlineMs),
    kill: () => end('SIGKILL', STOPPED_WITHIN_MS),
    ...(probed ? { lookInside: () => lookInside(child) } : {}),
  };
}

function probeUrl(): string {
  return new URL(fromSource ? 'server-probe.ts' : 'server-probe.js', import.meta.url).href;
}

function lookInside(child: ChildProcess): Promise<InsideFigures> {
  return new Promise((resolve, reject) => {
    child.once('message', (figures) => resolve(figures as InsideFigures));
    child.send('look', (error) => {
      if (error !== null) reject(error);
    });
  });
}

/** What a log is called; empty where the program said nothing of it. */
export interface LogName {
  readonly treeID: string;
  readonly origin: string;
}

interface ListeningLine extends LogName {
  readonly url: string;
  readonly metricsUrl: string;
  readonly v2: LogName;
}

function firstListeningLine(
  child: ChildProcess,
  exited: Promise<ExitStatus>,
  timeoutMs: number,
): Promise<ListeningLine | undefined> {
  return new Promise((resolve) => {
    let pending = '';
    let found = false;
    const timer = setTimeout(() => resolve(undefined), timeoutMs);
    const finish = (line: ListeningLine | undefined): void => {
      clearTimeout(timer);
      resolve(line);
    };
    child.stdout?.on('data', (text: string) => {
      if (found) return;
      pending += text;
      const lines = pending.split('\n');
      pending = lines.pop() ?? '';
      const line = lines.map(parseListeningLine).find((each) => each !== undefined);
      if (line === undefined) return;
      found = true;
      finish(line);
    });
    void exited.then(() => finish(undefined));
  });
}

function parseListeningLine(text: string): ListeningLine | undefined {
  if (!text.startsWith('{')) return undefined;
  const value = JSON.parse(text) as Partial<Record<string, string>> & { v2?: Partial<LogName> };
  if (value['msg'] !== 'listening' || value['url'] === undefined) return undefined;
  return {
    url: value['url'],
    metricsUrl: value['metricsUrl'] ?? '',
    treeID: String(value['treeID'] ?? ''),
    origin: value['origin'] ?? '',
    v2: { treeID: value.v2?.treeID ?? '', origin: value.v2?.origin ?? '' },
  };
}

/** Returns our environment without variables that begin with STELE_: the program would take them for its settings. */
export function environmentWithoutSettings(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('STELE_')),
  );
}

/** Returns once `/readyz` answers 200; throws after `deadlineMs` with the last answer. */
export async function waitUntilReady(server: ServerProcess, deadlineMs = 30_000): Promise<void> {
  const end = performance.now() + deadlineMs;
  let last = 'no answer';
  while (performance.now() < end) {
    const connection = await Connection.open(server.url);
    const answer = await connection.send(requestBytes('GET', '/readyz'));
    connection.close();
    if (answer.status === 200) return;
    last = `${answer.status} ${answer.body.toString()}`;
    await pause(50);
  }
  throw new Error(`not ready within ${deadlineMs} ms: ${last}`);
}

/** Resolves after `ms`: only between two looks at another process, never to wait for a result. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
