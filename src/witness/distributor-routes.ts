/**
 * The five routes of a distributor: https://github.com/transparency-dev/distributor, `api`. Logs are named by the hex
 * SHA-256 of their origin, witnesses by their key name, whose slashes may stand in the path as they are.
 */

import { RefusedRequest, type Reply } from '../http/reply.js';
import { type Route, type RouteRequest, route } from '../http/route.js';
import { MAX_NOTE_BYTES } from '../note/signed-note.js';
import { printVerifierKey } from '../note/verifier-key.js';
import { TEXT_TYPE, textReply } from './dialect.js';
import type { Distributor, Taken } from './distributor.js';
import type { FollowedLog, FollowedLogs } from './followed-logs.js';
import { FRESH, logOf, PLAIN, READ, readBody } from './routes.js';

const PREFIX = '/distributor/v0';
const MAX_COUNT = 100;

/** Returns the routes. */
export function distributorRoutes(distributor: Distributor, logs: FollowedLogs): readonly Route[] {
  const byWitness = `${PREFIX}/logs/{logID}/byWitness/{witness+}`;
  return [
    route<void>({
      ...READ,
      path: `${PREFIX}/logs`,
      read: () => {},
      handle: async () => listReply(logs.all().map(({ id }) => id)),
    }),
    route<void>({
      ...READ,
      path: `${PREFIX}/witnesses`,
      read: () => {},
      handle: async () =>
        listReply([...distributor.witnesses.values()].flat().map(printVerifierKey)),
    }),
    route<{ log: FollowedLog; count: number }>({
      ...READ,
      path: `${PREFIX}/logs/{logID}/{file}`,
      read: (request) => ({ log: logOf(request, logs), count: readCount(request) }),
      handle: async ({ log, count }) => noteReply(await distributor.withCosignatures(log, count)),
    }),
    route<Place>({
      ...READ,
      // A name may come with its slashes escaped.
      exact: false,
      path: byWitness,
      read: (request) => readPlace(request, logs, distributor),
      handle: async ({ log, witness }) => noteReply(await distributor.byWitness(log, witness)),
    }),
    route<Place & { note: Uint8Array }>({
      ...PLAIN,
      exact: false,
      method: 'PUT',
      maxBodyBytes: MAX_NOTE_BYTES,
      path: byWitness,
      read: (request) => ({
        ...readPlace(request, logs, distributor),
        note: readBody(request),
      }),
      handle: async ({ log, witness, note }) => TAKEN[await distributor.take(log, witness, note)],
    }),
  ];
}

interface Place {
  readonly log: FollowedLog;
  readonly witness: string;
}

const TAKEN: Readonly<Record<Taken, Reply>> = {
  taken: { status: 200 },
  malformed: textReply(400, 'this is no signed checkpoint'),
  unverified: textReply(400, 'a signature of the log or of the witness is missing or wrong'),
  older: textReply(409, 'a checkpoint of a larger tree is known'),
  'other-root': textReply(409, 'another root is known at this size'),
};

function readCount({ parameters }: RouteRequest): number {
  const digits = /^checkpoint\.([0-9]+)$/.exec(parameters['file'] ?? '')?.[1];
  if (digits === undefined) throw new RefusedRequest(404, 'there is no such file');
  const count = Number(digits);
  if (count >= 1 && count <= MAX_COUNT) return count;
  throw new RefusedRequest(400, `the number of cosignatures is not one of 1 to ${MAX_COUNT}`);
}

function readPlace(request: RouteRequest, logs: FollowedLogs, { witnesses }: Distributor): Place {
  const witness = /^(.+)\/checkpoint$/.exec(request.parameters['witness'] ?? '')?.[1];
  const log = logOf(request, logs);
  if (witness !== undefined && witnesses.has(witness)) return { log, witness };
  throw new RefusedRequest(404, 'no such witness is known here');
}

function noteReply(note: string | undefined): Reply {
  if (note === undefined) return textReply(404, 'there is no such checkpoint yet');
  return { status: 200, contentType: TEXT_TYPE, headers: FRESH, body: note };
}

function listReply(list: readonly string[]): Reply {
  return { status: 200, contentType: 'application/json', body: JSON.stringify([...list].sort()) };
}
