/**
 * add-checkpoint and add-entries over HTTP. Spec: https://c2sp.org/tlog-mirror.
 *
 * In scope: media types, packed bodies, answers. Out of scope: deciding (upload-intake.ts). A body of entries is read package by
 * package, of any length, and answered as soon as the answer is known. State: the uploads under way.
 */

import { toBase64 } from '../encoding/base64.js';
import { isLogError } from '../errors.js';
import type { HeaderField } from '../http/cors.js';
import { RefusedRequest, type Reply } from '../http/reply.js';
import { type Route, type RouteRequest, route } from '../http/route.js';
import { parseSignedNote } from '../note/signed-note.js';
import { MAX_SUBMISSION_BYTES, parseCheckpointSubmission } from '../note/submission.js';
import { textReply } from './dialect.js';
import { clientsMistake, POST_ROUTE, readSubmission } from './post-route.js';
import { unpacked } from './unpack.js';
import { MAX_PACKAGE_BYTES, UploadBody, type UploadHeader } from './upload-body.js';
import type {
  SubmissionVerdict,
  UploadInfo,
  UploadIntake,
  UploadVerdict,
} from './upload-intake.js';
import { UploadRoom } from './upload-room.js';

/** What uploads lead to, and who is told. */
export interface UploadRoutesOptions {
  /** Returns the log with an origin. */
  intakeOf(origin: string): UploadIntake | undefined;
  /** Told of each answer to an upload of entries of a log that is known, by its status. */
  uploaded?(origin: string, status: number): void;
  /** Told of each answer to a checkpoint of a log that is known, by its status. */
  submitted?(origin: string, status: number): void;
  /** Told of two notes of a log that cannot both be true; the answer waits for it. */
  contradicted?(origin: string, notes: readonly string[]): Promise<void>;
}

/** Uploads under way at a time; one more comes again. Readers have the other requests for themselves. */
const MAX_UPLOADS = 256;
/** Bytes of packages that are not whole yet, of all uploads together. */
const MAX_HELD_BYTES = 5 * MAX_PACKAGE_BYTES;

const SIZE_TYPE = 'text/x.tlog.size';
const INFO_TYPE = 'text/x.tlog.mirror-info';
const TEXT_TYPE = 'text/plain; charset=utf-8';
const PACKED: readonly HeaderField[] = [['Accept-Encoding', 'gzip']];

/** Returns the routes. */
export function uploadRoutes(options: UploadRoutesOptions): readonly Route[] {
  const room = new UploadRoom(MAX_HELD_BYTES);
  let underWay = 0;
  return [
    route<Uint8Array>({
      ...POST_ROUTE,
      path: '/add-checkpoint',
      maxBodyBytes: MAX_SUBMISSION_BYTES,
      read: readSubmission,
      handle: (body) => addCheckpoint(body, options),
    }),
    route<AsyncIterable<Uint8Array>>({
      ...POST_ROUTE,
      path: '/add-entries',
      streamsBody: true,
      read: readUpload,
      async handle(chunks) {
        if (underWay >= MAX_UPLOADS) throw tooMany();
        underWay += 1;
        const body = new UploadBody(chunks, room);
        try {
          return await addEntries(body, options);
        } finally {
          underWay -= 1;
          await body.close();
        }
      },
    }),
  ];
}

function readUpload({ header, stream }: RouteRequest): AsyncIterable<Uint8Array> {
  const type = header('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/octet-stream') {
    throw new RefusedRequest(415, 'entries are uploaded as application/octet-stream');
  }
  const chunks = stream ?? NOTHING;
  const encoding = header('content-encoding')?.trim().toLowerCase() ?? 'identity';
  if (encoding === 'identity') return chunks;
  if (encoding === 'gzip' || encoding === 'x-gzip') return unpacked(chunks);
  throw new RefusedRequest(415, 'entries are uploaded as they are, or packed with gzip', {
    headers: PACKED,
  });
}

const NOTHING: AsyncIterable<Uint8Array> = {
  async *[Symbol.asyncIterator]() {},
};

function tooMany(): RefusedRequest {
  return new RefusedRequest(503, 'too many uploads are under way', {
    headers: [['Retry-After', '1'], ...PACKED],
  });
}

async function addCheckpoint(
  body: Uint8Array,
  { intakeOf, submitted, contradicted }: UploadRoutesOptions,
): Promise<Reply> {
  const submission = clientsMistake(() => parseCheckpointSubmission(body));
  const note = clientsMistake(() => parseSignedNote(submission.note));
  const [origin = ''] = note.text.split('\n', 1);
  const intake = intakeOf(origin);
  if (intake === undefined) return textReply(404, 'no such log is uploaded here');
  const verdict = await intake.addCheckpoint(submission);
  submitted?.(origin, verdict.status);
  if (verdict.contradiction !== undefined) await contradicted?.(origin, verdict.contradiction);
  return submissionReply(verdict);
}

function submissionReply(verdict: SubmissionVerdict): Reply {
  // Nothing is signed here: a mirror signs what it holds.
  if (verdict.status === 200) return { status: 200, contentType: TEXT_TYPE };
  if (verdict.status !== 409) return textReply(verdict.status, verdict.reason);
  return { status: 409, contentType: SIZE_TYPE, body: `${verdict.size}\n` };
}

async function addEntries(
  body: UploadBody,
  { intakeOf, uploaded }: UploadRoutesOptions,
): Promise<Reply> {
  const header = await headerOf(body);
  const { origin = '' } = header;
  const intake = intakeOf(origin);
  if (intake === undefined) return textReply(404, 'no such log is uploaded here', PACKED);
  const verdict = await intake.addEntries(header, (start, end) => body.packages(start, end));
  uploaded?.(origin, verdict.status);
  if (verdict.status === 400 && body.isCut) throw tooMany();
  return uploadReply(verdict);
}

async function headerOf(body: UploadBody): Promise<UploadHeader> {
  try {
    return await body.header();
  } catch (error) {
    if (!isLogError(error, 'ENCODING_MALFORMED')) throw error;
    if (body.isCut) throw tooMany();
    throw new RefusedRequest(400, error.message, { headers: PACKED });
  }
}

function uploadReply(verdict: UploadVerdict): Reply {
  const { status } = verdict;
  if ('reason' in verdict) return textReply(status, verdict.reason, PACKED);
  const [contentType, body] =
    'lines' in verdict ? [TEXT_TYPE, verdict.lines] : [INFO_TYPE, infoText(verdict.info)];
  return { status, contentType, body, headers: PACKED };
}

function infoText({ pendingSize, nextEntry, ticket }: UploadInfo): string {
  return `${pendingSize}\n${nextEntry}\n${toBase64(ticket)}\n`;
}
