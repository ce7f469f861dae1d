/** What the bare servers of the bench have in common: a free port, a listening line, an end. */

import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Listens on a free port, prints the line that `startListening` waits for, and ends the process on SIGTERM. */
export function listenAsPeer(server: Server): void {
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo;
    console.log(JSON.stringify({ msg: 'listening', url: `http://127.0.0.1:${port}` }));
  });
  process.once('SIGTERM', () => process.exit(0));
}
