// Other people's programs that listen: started on a port that is free, waited for, stopped and started again.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { startProgram } from '../../dist/bench/harness/child-process.js';
import { pause } from '../../dist/bench/harness/server-process.js';

const LISTENS_WITHIN_MS = 20_000;

/** Returns a port of 127.0.0.1 that nobody listened on just now: they cannot be given port 0 and asked what they took. */
export async function freePort() {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** Starts a program and returns it when `port` takes connections. Throws with its output when it ends before. */
export async function startListeningOn(port, command, options) {
  const program = startProgram(command, options);
  let isOver = false;
  void program.exited.then(() => {
    isOver = true;
  });
  const deadline = performance.now() + LISTENS_WITHIN_MS;
  while (!(await takesConnections(port))) {
    if (isOver || performance.now() > deadline) {
      await program.end('SIGKILL', 0);
      throw new Error(`${command[0]} does not listen: ${program.output()}`);
    }
    await pause(50);
  }
  return program;
}

function takesConnections(port) {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const finish = (taken) => {
      socket.destroy();
      resolve(taken);
    };
    socket.once('connect', () => finish(true)).once('error', () => finish(false));
  });
}

/** Returns what `look` returns as soon as that is not undefined. Throws after `deadlineMs`, naming what was waited for. */
export async function eventually(what, look, deadlineMs = 30_000) {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined) return seen;
    if (performance.now() > deadline) throw new Error(`not seen in time: ${what}`);
    await pause(50);
  }
}
