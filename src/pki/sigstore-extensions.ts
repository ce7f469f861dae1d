/**
 * What Sigstore's certificate extensions say about a build, by what it is: who vouched for the signer, which
 * repository, workflow, ref, commit and run.
 *
 * Spec: https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md. In scope: the extensions that name one of
 * these. Out of scope: what else Fulcio writes (triggers, runners, owners, numbers), and whether to believe it.
 */

import { Buffer, isUtf8 } from 'node:buffer';
import { DER_TAG } from '../encoding/der.js';
import { isLogError } from '../errors.js';
import type { CertificateExtension } from './certificate-extensions.js';
import { DerCursor } from './der-cursor.js';

/** What a value is. */
export type SigstoreFact = 'issuer' | 'repository' | 'workflow' | 'ref' | 'commit' | 'run';

/**
 * Yields what the Sigstore extensions among `extensions` say, in their order; one that is damaged or empty says
 * nothing. Never throws.
 */
export function* sigstoreFacts(
  extensions: readonly CertificateExtension[],
): Iterable<readonly [fact: SigstoreFact, value: string]> {
  for (const { oid, value } of extensions) {
    if (!oid.startsWith(ARC)) continue;
    const meaning = MEANINGS.get(oid.slice(ARC.length));
    if (meaning === undefined) continue;
    const said = meaning.form === 'text' ? readText(value) : readUtf8String(value);
    if (said !== undefined) yield [meaning.fact, said];
  }
}

const ARC = '1.3.6.1.4.1.57264.1.';

interface Meaning {
  readonly fact: SigstoreFact;
  /** `text`: the octets are the text, as in the oldest extensions; `der`: they are a DER UTF8String. */
  readonly form: 'text' | 'der';
}

const text = (fact: SigstoreFact): Meaning => ({ fact, form: 'text' });
const der = (fact: SigstoreFact): Meaning => ({ fact, form: 'der' });

/** By the last arc; the names are Fulcio's. */
const MEANINGS: ReadonlyMap<string, Meaning> = new Map([
  ['1', text('issuer')],
  ['3', text('commit')], // GitHub workflow SHA
  ['4', text('workflow')], // GitHub workflow name
  ['5', text('repository')], // GitHub workflow repository, owner/name
  ['6', text('ref')], // GitHub workflow ref
  ['8', der('issuer')],
  ['9', der('workflow')], // build signer URI
  ['10', der('commit')], // build signer digest
  ['12', der('repository')], // source repository URI
  ['13', der('commit')], // source repository digest
  ['14', der('ref')], // source repository ref
  ['18', der('workflow')], // build config URI
  ['19', der('commit')], // build config digest
  ['21', der('run')], // run invocation URI
]);

function readText(octets: Uint8Array): string | undefined {
  if (octets.length === 0 || !isUtf8(octets)) return undefined;
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('utf8');
}

function readUtf8String(value: Uint8Array): string | undefined {
  const cursor = new DerCursor(value);
  try {
    const content = cursor.take(DER_TAG.utf8String, 'extension');
    return cursor.atEnd ? readText(content) : undefined;
  } catch (error) {
    // A damaged extension is nothing to search for; the certificate stays usable.
    if (isLogError(error)) return undefined;
    throw error;
  }
}
