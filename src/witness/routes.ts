/**
 * The routes of the witness: add-checkpoint, sign-subtree, the checkpoints that it has cosigned, the evidence that it
 * keeps. https://c2sp.org/tlog-witness
 *
 * In scope: from a request to a call and from an outcome to an answer. Out of scope: what the witness decides
 * (witness.ts), gates and limits (http/). No state.
 */

import { toBase64 } from '../encoding/base64.js';
import { RefusedRequest, type Reply } from '../http/reply.js';
import { type Route, type RouteRequest, route } from '../http/route.js';
import { MAX_SUBMISSION_BYTES } from '../note/submission.js';
import { TEXT_TYPE, textReply } from './dialect.js';
import type { FollowedLog, FollowedLogs } from './followed-logs.js';
import type { Outcome, Witness } from './witness.js';
import type { WitnessState } from './witness-state.js';

/** What the routes call. */
export interface WitnessRoutesOptions {
  readonly witness: Witness;
  readonly state: WitnessState;
  readonly logs: FollowedLogs;
  /** Told of each outcome of add-checkpoint. */
  submitted(outcome: Outcome): void;
}

/** Returns the routes. */
export function witnessRoutes(options: WitnessRoutesOptions): readonly Route[] {
  const { witness, state, logs } = options;
  const submission = {
    ...PLAIN,
    method: 'POST',
    maxBodyBytes: MAX_SUBMISSION_BYTES,
    // Signatures are checked here: a flood of them must not keep the readers waiting.
    costly: true,
    read: readBody,
  } as const;
  return [
    route<Uint8Array>({
      ...submission,
      path: '/add-checkpoint',
      async handle(body) {
        const outcome = await witness.addCheckpoint(body);
        options.submitted(outcome);
        return replyTo(outcome);
      },
    }),
    route<Uint8Array>({
      ...submission,
      path: '/sign-subtree',
      handle: async (body) => replyTo(await witness.signSubtree(body)),
    }),
    route<FollowedLog>({
      ...READ,
      path: '/{logID}/checkpoint',
      read: (request) => logOf(request, logs),
      async handle({ id }) {
        const head = await state.head(id);
        if (head === undefined) return textReply(404, 'no checkpoint of this log was cosigned');
        return { status: 200, contentType: TEXT_TYPE, headers: FRESH, body: head.note };
      },
    }),
    route<FollowedLog>({
      ...READ,
      path: '/{logID}/evidence',
      read: (request) => logOf(request, logs),
      handle: (log) => evidenceReply(log, state),
    }),
  ];
}

/** What routes of the witness have in common. */
export const PLAIN = {
  exact: true,
  hot: true,
  ignoresTypes: true,
  produces: [TEXT_TYPE],
  noCache: false,
  measured: true,
} as const;

/** What its reading routes have in common. */
export const READ = { ...PLAIN, method: 'GET', head: true } as const;

/** Caches must ask again: what is behind such a path changes. */
export const FRESH = [['Cache-Control', 'no-cache']] as const;

/** Returns the body. Throws RefusedRequest (413) when it is longer than is read. */
export function readBody({ body }: RouteRequest): Uint8Array {
  if (body?.truncated === true) {
    throw new RefusedRequest(413, `the body is longer than ${body.limit} bytes`);
  }
  return body?.bytes ?? new Uint8Array();
}

/** Returns the log that the path names. Throws RefusedRequest (404). */
export function logOf({ parameters }: RouteRequest, logs: FollowedLogs): FollowedLog {
  const log = logs.byID(parameters['logID'] ?? '');
  if (log === undefined) throw new RefusedRequest(404, 'no such log is followed here');
  return log;
}

function replyTo(outcome: Outcome): Reply {
  switch (outcome.kind) {
    case 'cosigned':
      return { status: 200, contentType: TEXT_TYPE, body: outcome.lines };
    case 'conflict':
      return { status: 409, contentType: 'text/x.tlog.size', body: `${outcome.knownSize}\n` };
    case 'refused':
      return textReply(outcome.status, outcome.reason);
  }
}

async function evidenceReply({ id, origin }: FollowedLog, state: WitnessState): Promise<Reply> {
  const items = (await state.evidence(id)).map(({ kind, timeSeconds, cosigned, refused }) => ({
    kind,
    time: Number(timeSeconds),
    cosigned,
    refused,
    // As bytes too: what is verified must not have gone through somebody's editor.
    cosignedBase64: toBase64(Buffer.from(cosigned)),
    refusedBase64: toBase64(Buffer.from(refused)),
  }));
  const body = `${JSON.stringify({ origin, evidence: items }, undefined, 2)}\n`;
  return { status: 200, contentType: 'application/json', headers: FRESH, body };
}
