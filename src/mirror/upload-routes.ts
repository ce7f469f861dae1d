/**
 * add-checkpoint and add-entries over HTTP. Spec: https://c2sp.org/tlog-mirror.
 *
 * In scope: media types, packed bodies, answers. Out of scope: deciding (upload-intake.ts). A body is read up to a bound; what is
 * cut off is as if it had not been sent yet. State: the number of uploads under way.
 */

import { toBase64 } from '../encoding/base64.js';
import { isLogError } from '../errors.js';
import type { HeaderField } from '../http/cors.js';
import { RefusedRequest, type Reply } from '../http/reply.js';
import { type Route, type RouteRequest, route } from '../http/route.js';
import { parseSignedNote } from '../note/signed-note.js';
import { MAX_SUBMISSION_BYTES, parseCheckpointSubmission } from '../note/submission.js';
import { textReply } from './dialect.js';
import { unpackedPrefix } from './unpack.js';
import { MAX_PACKAGE_BYTES, readUploadHeader } from './upload-body.js';
import type {
  SubmissionVerdict,
  UploadInfo,
  UploadIntake,
  UploadVerdict,
} from './upload-intake.js';

/** Longest upload that is looked at, packed and unpacked, in bytes: 32 packages of entries of 4 kB, one of any. */
export const MAX_UPLOAD_BYTES: number = Math.max(32 * 1024 * 1024, MAX_PACKAGE_BYTES + 131_072);

/** Uploads that are unpacked and checked at a time; one more comes again. */
const MAX_UPLOADS = 4;

const SIZE_TYPE = 'text/x.tlog.size';
const INFO_TYPE = 'text/x.tlog.mirror-info';
const PACKED: readonly HeaderField[] = [['Accept-Encoding', 'gzip']];

/** Returns the routes; `intakeOf` finds the log with an origin. */
export function uploadRoutes(
  intakeOf: (origin: string) => UploadIntake | undefined,
): readonly Route[] {
  const shared = {
    method: 'POST',
    exact: true,
    hot: true,
    produces: ['text/plain'],
    ignoresTypes: true,
    noCache: true,
    measured: false,
  } as const;
  let underWay = 0;
  return [
    route<Uint8Array>({
      ...shared,
      path: '/add-checkpoint',
      maxBodyBytes: MAX_SUBMISSION_BYTES,
      read: readSubmission,
      handle: (body) => addCheckpoint(body, intakeOf),
    }),
    route<Uint8Array>({
      ...shared,
      path: '/add-entries',
      maxBodyBytes: MAX_UPLOAD_BYTES,
      read: readUpload,
      async handle(body, request) {
        if (underWay >= MAX_UPLOADS) {
          throw new RefusedRequest(503, 'too many uploads are under way', {
            headers: [['Retry-After', '1']],
          });
        }
        underWay += 1;
        try {
          const isPacked = encodingOf(request) === 'gzip';
          return await addEntries(
            isPacked ? await unpackedPrefix(body, MAX_UPLOAD_BYTES) : body,
            intakeOf,
          );
        } finally {
          underWay -= 1;
        }
      },
    }),
  ];
}

function readSubmission({ body }: RouteRequest): Uint8Array {
  if (body?.truncated === true) throw new RefusedRequest(413, 'the submission is too long');
  return body?.bytes ?? new Uint8Array(0);
}

function readUpload(request: RouteRequest): Uint8Array {
  const type = request.header('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/octet-stream') {
    throw new RefusedRequest(415, 'entries are uploaded as application/octet-stream');
  }
  if (!['identity', 'gzip'].includes(encodingOf(request))) {
    throw new RefusedRequest(415, 'entries are uploaded as they are, or packed with gzip', {
      headers: PACKED,
    });
  }
  return request.body?.bytes ?? new Uint8Array(0);
}

function encodingOf(request: RouteRequest): string {
  return request.header('content-encoding')?.trim().toLowerCase() ?? 'identity';
}

async function addCheckpoint(
  body: Uint8Array,
  intakeOf: (origin: string) => UploadIntake | undefined,
): Promise<Reply> {
  const submission = clientsMistake(() => parseCheckpointSubmission(body));
  const note = clientsMistake(() => parseSignedNote(submission.note));
  const [origin = ''] = note.text.split('\n');
  const intake = intakeOf(origin);
  if (intake === undefined) return textReply(404, 'no such log is uploaded here');
  return submissionReply(await intake.addCheckpoint(submission));
}

function submissionReply(verdict: SubmissionVerdict): Reply {
  // Nothing is signed here: a mirror signs what it holds.
  if (verdict.status === 200) return { status: 200, contentType: 'text/plain; charset=utf-8' };
  if (verdict.status !== 409) return textReply(verdict.status, verdict.reason);
  return { status: 409, contentType: SIZE_TYPE, body: `${verdict.size}\n` };
}

async function addEntries(
  body: Uint8Array,
  intakeOf: (origin: string) => UploadIntake | undefined,
): Promise<Reply> {
  const header = clientsMistake(() => readUploadHeader(body));
  const intake = header.origin === undefined ? undefined : intakeOf(header.origin);
  if (intake === undefined) return textReply(404, 'no such log is uploaded here', PACKED);
  return uploadReply(await intake.addEntries(header, body));
}

function uploadReply(verdict: UploadVerdict): Reply {
  const { status } = verdict;
  if ('reason' in verdict) return textReply(status, verdict.reason, PACKED);
  const [contentType, body] =
    'lines' in verdict
      ? ['text/plain; charset=utf-8', verdict.lines]
      : [INFO_TYPE, infoText(verdict.info)];
  return { status, contentType, body, headers: PACKED };
}

function infoText({ pendingSize, nextEntry, ticket }: UploadInfo): string {
  return `${pendingSize}\n${nextEntry}\n${toBase64(ticket)}\n`;
}

/** Returns what `read` returns; what is malformed is answered 400. */
function clientsMistake<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!isLogError(error)) throw error;
    throw new RefusedRequest(400, error.message);
  }
}
