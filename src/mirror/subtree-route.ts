/**
 * sign-subtree: cosignatures by the mirror's keys for parts of trees whose checkpoints they have cosigned.
 *
 * Spec: https://c2sp.org/tlog-mirror#sign-subtree; it is judged as a witness does (witness/decide.ts). Nothing is read or written: a
 * checkpoint that carries the mirror's cosignature was held. In scope: from a request to lines. No state.
 */

import { utf8 } from '../encoding/bytes.js';
import type { Reply } from '../http/reply.js';
import { type Route, route } from '../http/route.js';
import { MAX_COSIGNED_NAME_BYTES } from '../note/cosignature.js';
import { type NoteVerifier, printSignatureLine } from '../note/signed-note.js';
import { MAX_SUBMISSION_BYTES, parseSubtreeSubmission } from '../note/submission.js';
import { noteVerifier } from '../signing/note-verifier.js';
import { admitSubtree } from '../witness/decide.js';
import type { MirrorCosigner } from './complete-copy.js';
import { textReply } from './dialect.js';
import { clientsMistake, POST_ROUTE, readSubmission } from './post-route.js';

/** Whose subtrees are signed, by whom. */
export interface SubtreeOptions {
  readonly cosigners: readonly MirrorCosigner[];
  isMirrored(origin: string): boolean;
}

/** Returns the route. */
export function subtreeRoute(options: SubtreeOptions): Route {
  const own = options.cosigners.map(({ key }) => noteVerifier(key));
  return route<Uint8Array>({
    ...POST_ROUTE,
    path: '/sign-subtree',
    maxBodyBytes: MAX_SUBMISSION_BYTES,
    read: readSubmission,
    handle: (body) => signSubtree(body, options, own),
  });
}

async function signSubtree(
  body: Uint8Array,
  { cosigners, isMirrored }: SubtreeOptions,
  own: readonly NoteVerifier[],
): Promise<Reply> {
  const submission = clientsMistake(() => parseSubtreeSubmission(body));
  const admitted = admitSubtree(submission, isMirrored, own);
  if (admitted.kind === 'refused') return textReply(admitted.status, admitted.reason);
  if (utf8(admitted.origin).length > MAX_COSIGNED_NAME_BYTES) {
    return textReply(400, 'the origin is too long to be signed');
  }
  const lines: string[] = [];
  for (const cosigner of cosigners) {
    lines.push(printSignatureLine(await cosigner.signSubtree(admitted)));
  }
  return { status: 200, contentType: 'text/plain; charset=utf-8', body: lines.join('') };
}
