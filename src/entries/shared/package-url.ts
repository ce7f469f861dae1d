/**
 * Package URLs: https://github.com/package-url/purl-spec
 *
 * In scope: the forms under which a search finds a package. Out of scope: the rules of each type on its names.
 */

import type { SearchTerm } from '../entry-kind.js';

/** What identifies a package. */
export interface PackageIdentity {
  readonly type: string;
  readonly namespace?: string;
  readonly name: string;
  readonly version?: string;
  /** Qualifiers without a value are left out. */
  readonly qualifiers?: Readonly<Record<string, string>>;
}

/** Returns the terms of a package: its name, and its URL as far as the name, the version and the qualifiers. */
export function packageIdentityTerms(identity: PackageIdentity): SearchTerm[] {
  const { type, namespace, name, version = '', qualifiers = {} } = identity;
  if (name === '') return [];
  const terms: SearchTerm[] = [{ field: 'subject-name', value: name }];
  const path = [type, namespace, name].filter((part) => part !== undefined);
  let url = `pkg:${path.map(encode).join('/')}`;
  terms.push({ field: 'package', value: url });
  if (version === '') return terms;
  url += `@${encode(version)}`;
  terms.push({ field: 'package', value: url });
  const pairs = Object.entries(qualifiers)
    .filter(([, value]) => value !== '')
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([qualifier, value]) => `${qualifier}=${encode(value)}`);
  if (pairs.length > 0) terms.push({ field: 'package', value: `${url}?${pairs.join('&')}` });
  return terms;
}

/** Returns the package URL `written` as it is, without qualifiers and subpath, and without its version too. */
export function packageUrlTerms(written: string): SearchTerm[] {
  const rest = written.search(/[?#]/);
  const bare = rest < 0 ? written : written.slice(0, rest);
  // A package's name does not begin with @, a version does.
  const version = bare.indexOf('@', bare.lastIndexOf('/') + 2);
  const name = version < 0 ? bare : bare.slice(0, version);
  return [...new Set([written, bare, name])].map((value) => ({ field: 'package', value }));
}

/** Percent-encoding of the specification: letters, digits, `.-_~` and the colon stay. */
function encode(text: string): string {
  return encodeURIComponent(text)
    .replace(/%3A/g, ':')
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
