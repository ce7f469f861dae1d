/**
 * `/.well-known/stele/…`: the trust kit of the log, to be taken over by whoever has another way to check it. Who fetches
 * a key from the log itself has no proof of anything: a false log serves a false key. Ours; Rekor has nothing like it.
 */

import { JSON_TYPE, PEM_TYPE } from '../../http/reply.js';
import type { Page } from '../../http/route.js';
import { TRUST_FILES, type TrustDocuments } from '../../trust/documents.js';

/** Folder of the documents. */
export const WELL_KNOWN_FOLDER = '/.well-known/stele';

/** Returns a page for each document; `documents` is called at the first request and must return the same ever after. */
export function wellKnownPages(documents: () => TrustDocuments): readonly Page[] {
  return TRUST_FILES.map((file) => ({
    path: `${WELL_KNOWN_FOLDER}/${file}`,
    methods: ['GET', 'HEAD'],
    match: 'exact',
    hot: false,
    handle: () => ({
      status: 200,
      contentType: contentTypeOf(file),
      body: documents()[file],
      headers: CACHING,
    }),
  }));
}

/** Long enough for a fleet that starts at once, short enough for an operator who corrects an option. */
const CACHING = [['Cache-Control', 'public, max-age=300']] as const;

function contentTypeOf(file: string): string {
  if (file.endsWith('.json')) return JSON_TYPE;
  return file.endsWith('.pub') ? PEM_TYPE : 'text/plain; charset=utf-8';
}
