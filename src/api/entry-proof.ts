/**
 * `GET …/log/entries/{entryID}/proof` of both APIs: what proves an entry offline, for a file of its own.
 *
 * As a C2SP tlog-proof (https://c2sp.org/tlog-proof), or, for who accepts JSON or asks with `format=bundle`, as the
 * `tlogEntries` of a Sigstore bundle. In scope: entries of every log, old and new, in both forms. Ours, not Rekor's.
 */

import type { ByteText } from '../encoding/byte-text.js';
import { JSON_TYPE, RefusedRequest, type Reply } from '../http/reply.js';
import { lastQueryValue } from '../http/request-target.js';
import { type Route, type RouteRequest, route } from '../http/route.js';
import type { Desks } from '../log/log.js';
import { printTlogProof } from '../note/tlog-proof.js';
import {
  type EntryReference,
  findReferred,
  readEntryReference,
  trustedForm,
} from './entry-reference.js';
import { transparencyLogEntryJson } from './v2/entry-json.js';

/** Returns the route below the entries of an API; `logs` are all of the server, that of the API first. */
export function entryProofRoute(entriesPath: string, logs: readonly Desks[]): Route {
  return route<Asked>({
    method: 'GET',
    head: true,
    path: `${entriesPath}/{entryID}/proof`,
    exact: true,
    hot: true,
    produces: [PROOF_TYPE],
    ignoresTypes: true,
    noCache: true,
    measured: false,
    read: (request) => ({
      reference: readEntryReference(request.parameters['entryID'] ?? '', 'entryID'),
      form: readForm(request),
    }),
    handle: (asked) => proofReply(logs, asked),
  });
}

type Form = 'tlog-proof' | 'bundle';

interface Asked {
  readonly reference: EntryReference;
  readonly form: Form;
}

const PROOF_TYPE = 'text/plain; charset=utf-8';

function readForm(request: RouteRequest): Form {
  const asked = lastQueryValue(request.query(), 'format');
  if (asked === 'tlog-proof' || asked === 'bundle') return asked;
  if (asked !== undefined) throw new RefusedRequest(400, 'format must be tlog-proof or bundle');
  const accepted = request.header('accept') ?? '';
  return accepted.includes(JSON_TYPE) ? 'bundle' : 'tlog-proof';
}

async function proofReply(logs: readonly Desks[], { reference, form }: Asked): Promise<Reply> {
  const found = await findReferred(logs, reference);
  if (found === undefined) throw new RefusedRequest(404, 'no such entry');
  const headers = [['Vary', 'Accept']] as const;
  if (form === 'bundle') {
    const { entry, desk } = await trustedForm(found);
    const json = transparencyLogEntryJson(entry, desk.identity.logID);
    const body = `{"tlogEntries":[${json}]}` as ByteText;
    return { status: 200, contentType: JSON_TYPE, headers, body, isByteText: true };
  }
  // The tile side's checkpoint has every line that a reader of tlog-proofs may trust.
  const { logIndex, proof } = found.entry;
  const { hashes, checkpoint } = proof;
  const body = printTlogProof({ index: BigInt(logIndex), hashes, checkpoint: checkpoint.note });
  return { status: 200, contentType: PROOF_TYPE, headers, body };
}
