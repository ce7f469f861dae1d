/**
 * What a subscription asks for: rules, in the query or in a body, and where to begin.
 *
 * Spec: openapi.yaml, watchLog; docs/watch.md. In scope: reading and refusing. A parameter that is not known is refused: a
 * typo must not hide what it was to find. Out of scope: what a rule is (matching/).
 */

import { fromUtf8 } from '../../encoding/bytes.js';
import { KNOWN_KINDS } from '../../entries/registry.js';
import { RefusedRequest } from '../../http/reply.js';
import type { RouteRequest } from '../../http/route.js';
import { isConditionName, isExtensionName } from '../../matching/watch-list.js';
import type { RuleDocument } from '../../watch/subscription-rules.js';

/** A subscription as it was asked for. */
export interface WatchQuery {
  readonly document: RuleDocument;
  /** Index of the first entry that is wanted; undefined: what is new. */
  readonly from: number | undefined;
}

/** Longest value of a condition in a query, in characters: that of a search term. */
export const MAX_VALUE_LENGTH = 4_096;

/** Returns the subscription that a GET asks for. Throws RefusedRequest (400). */
export function readWatchQuery(request: RouteRequest): WatchQuery {
  const conditions = new Map<string, unknown[]>();
  const extensions = new Map<string, unknown[]>();
  for (const [parameter, value] of pairsOf(request)) {
    if (parameter === FROM) continue;
    const isPattern = parameter.endsWith(PATTERN);
    const name = isPattern ? parameter.slice(0, -PATTERN.length) : parameter;
    const isExtension = isExtensionName(name);
    if (!isExtension && !isConditionName(name)) throw unknownParameter(parameter);
    assertValue(parameter, value);
    if (!isPattern) assertForm(name, value);
    add(isExtension ? extensions : conditions, name, isPattern ? { pattern: value } : value);
  }
  const rule = {
    ...Object.fromEntries(conditions),
    ...(extensions.size > 0 && { extensions: Object.fromEntries(extensions) }),
  };
  const isEmpty = conditions.size + extensions.size === 0;
  const from = placeOf(request);
  return { document: isEmpty ? {} : { watch: [{ name: 'watch', ...rule }] }, from };
}

/** Returns the subscription that a POST asks for. Throws RefusedRequest (400, 413). */
export function readWatchBody(request: RouteRequest): WatchQuery {
  for (const [parameter] of pairsOf(request)) {
    if (parameter !== FROM) throw unknownParameter(parameter);
  }
  const { body } = request;
  if (body?.truncated === true) {
    throw new RefusedRequest(413, `the body has more than ${body.limit} bytes`);
  }
  const document = body === undefined ? undefined : jsonOf(body.bytes);
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw refused('the body must be a JSON object with watch, allow or both');
  }
  const unknown = Object.keys(document).find((name) => name !== 'watch' && name !== 'allow');
  if (unknown !== undefined) throw refused(`the body has no member ${quoted(unknown)}`);
  return { document, from: placeOf(request) };
}

const FROM = 'from';
const PATTERN = '-pattern';
const LAST_EVENT_ID = 'last-event-id';

/** As they stand: a pair that cannot be read would be passed over elsewhere, and widen what is watched here. */
function pairsOf(request: RouteRequest): ReturnType<RouteRequest['query']> {
  const query = request.query();
  const sent = request.target.rawQuery.split('&').filter((pair) => pair !== '');
  if (sent.length === query.length) return query;
  throw refused('the query has a semicolon or an escape that cannot be read');
}

function add(rule: Map<string, unknown[]>, name: string, value: unknown): void {
  const known = rule.get(name);
  if (known === undefined) rule.set(name, [value]);
  else known.push(value);
}

function assertValue(name: string, value: string): void {
  if (value === '') throw refused(`${name} in query is empty`);
  if (value.length > MAX_VALUE_LENGTH) {
    throw refused(`${name} in query is longer than ${MAX_VALUE_LENGTH} characters`);
  }
  // A byte that is no UTF-8 stands as a lone surrogate: no entry has it.
  if (/\p{Surrogate}/u.test(value)) throw refused(`${name} in query is not UTF-8`);
}

/** Values that no entry can have: whoever looks for one would wait for ever. */
const FORMS: Readonly<
  Record<string, readonly [isForm: (value: string) => boolean, words: string]>
> = {
  digest: [(value) => /^[^:]+:[0-9a-f]+$/i.test(value), 'algorithm:hex'],
  key: [(value) => /^[0-9a-f]+$/i.test(value), 'hex'],
  kind: [(value) => KNOWN_KINDS.includes(value.toLowerCase()), `of ${KNOWN_KINDS.join(', ')}`],
};

function assertForm(name: string, value: string): void {
  const form = Object.hasOwn(FORMS, name) ? FORMS[name] : undefined;
  if (form === undefined || form[0](value)) return;
  throw refused(`${name} in query is not ${form[1]}`);
}

/** What a client heard last counts more than its URL, which is the same at every attempt. */
function placeOf(request: RouteRequest): number | undefined {
  const heard = request.header(LAST_EVENT_ID) ?? '';
  if (heard !== '') return indexOf('Last-Event-ID', heard);
  const asked = request.query().filter(([name]) => name === FROM);
  const [, text] = asked[0] ?? [];
  if (asked.length > 1) throw refused('from in query is there twice');
  return text === undefined ? undefined : indexOf('from in query', text);
}

function indexOf(name: string, text: string): number {
  if (/^(0|[1-9]\d{0,14})$/.test(text)) return Number(text);
  throw refused(`${name} is not the index of an entry`);
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(fromUtf8(bytes));
  } catch {
    throw refused('the body is not JSON in UTF-8');
  }
}

function unknownParameter(name: string): RefusedRequest {
  return refused(`${quoted(name)} in query is no condition that there is`);
}

function quoted(name: string): string {
  return JSON.stringify(name.slice(0, 64));
}

function refused(reason: string): RefusedRequest {
  return new RefusedRequest(400, reason);
}
