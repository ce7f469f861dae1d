/**
 * Media types: what a request says its body is, and which answer format it accepts, judged as recorded.
 *
 * In scope: reading both headers, choosing an offer. Out of scope: what an answer says when none fits
 * (exchange.ts).
 */

/** The parsed value of one media type. */
export interface MediaType {
  /** `type/subtype` in lower case. */
  readonly name: string;
  /** 0..1; 1 when not given. */
  readonly quality: number;
  readonly hasParameters: boolean;
}

/** Returns the media type or the words for what is wrong with it. */
export function parseMediaType(text: string): MediaType | { readonly problem: string } {
  const semicolon = text.indexOf(';');
  const name = (semicolon < 0 ? text : text.slice(0, semicolon)).trim().toLowerCase();
  const problem = problemOfName(name);
  if (problem !== undefined) return { problem };
  const parameters = semicolon < 0 ? new Map<string, string>() : readParameters(text, semicolon);
  if ('problem' in parameters) return parameters;
  if (!name.includes('/')) {
    return { problem: `mediatype: malformed: ${JSON.stringify(text.trim())} has no subtype` };
  }
  const quality = parameters.get('q');
  parameters.delete('q');
  return { name, quality: readQuality(quality), hasParameters: parameters.size > 0 };
}

/**
 * Returns the best of `offers` for an `Accept` header (undefined: the header is absent), or `fallback` when
 * none is acceptable. The highest quality wins, then the more specific entry, then the earlier offer.
 */
export function negotiate(
  accept: string | undefined,
  offers: readonly string[],
  fallback: string,
): string {
  const first = offers[0] ?? fallback;
  if (accept === undefined) return first;
  if (offers.length === 1 && (accept === first || accept === '*/*')) return first;
  let best = fallback;
  let bestQuality = 0;
  let bestSpecificity = -1;
  for (const offer of offers) {
    for (const entry of parseAccept(accept)) {
      if (entry.quality === 0 || !accepts(entry.name, offer)) continue;
      const specificity = specificityOf(entry);
      const better =
        entry.quality > bestQuality ||
        (entry.quality === bestQuality && specificity > bestSpecificity);
      if (!better) continue;
      best = offer;
      bestQuality = entry.quality;
      bestSpecificity = specificity;
    }
  }
  return best;
}

const TOKEN = /^[!#$%&'*+\-.^_`|~{}0-9A-Za-z]+/;

function parseAccept(accept: string): MediaType[] {
  const found: MediaType[] = [];
  for (const part of splitOutsideQuotes(accept)) {
    const entry = parseMediaType(part);
    // A malformed entry is skipped, as recorded: be liberal in what is asked.
    if ('name' in entry) found.push(entry);
  }
  return found;
}

/** True when `range` is the type `offer` or, with a star, one of several that it could be. */
export function accepts(range: string, offer: string): boolean {
  if (range === offer || range.startsWith('*/')) return true;
  return range.endsWith('/*') && offer.startsWith(range.slice(0, -1));
}

function specificityOf(entry: MediaType): number {
  if (entry.name === '*/*') return 0;
  if (entry.name.endsWith('/*')) return 1;
  return entry.hasParameters ? 3 : 2;
}

function splitOutsideQuotes(text: string): string[] {
  const parts = text.match(/(?:"(?:\\.|[^"\\])*"?|[^,"])+/g) ?? [];
  return parts.map((part) => part.trim()).filter((part) => part !== '');
}

function readQuality(text: string | undefined): number {
  // The point stands between the digits: two runs side by side would be tried in every division.
  if (text === undefined || !/^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) return 1;
  return Math.min(1, Math.max(0, Number(text)));
}

function problemOfName(name: string): string | undefined {
  const type = TOKEN.exec(name)?.[0] ?? '';
  if (type === '') return 'mime: no media type';
  let rest = name.slice(type.length);
  if (rest === '') return undefined;
  if (!rest.startsWith('/')) return 'mime: expected slash after first token';
  rest = rest.slice(1);
  const subtype = TOKEN.exec(rest)?.[0] ?? '';
  if (subtype === '') return 'mime: expected token after slash';
  return rest.length > subtype.length ? 'mime: unexpected content after media subtype' : undefined;
}

function readParameters(text: string, from: number): Map<string, string> | { problem: string } {
  const found = new Map<string, string>();
  const parameter =
    /\s*;\s*([!#$%&'*+\-.^_`|~{}0-9A-Za-z]+)\s*=\s*(?:"((?:\\.|[^"\\])*)"|([!#$%&'*+\-.^_`|~{}0-9A-Za-z]+))\s*/y;
  let at = from;
  while (at < text.length) {
    parameter.lastIndex = at;
    const match = parameter.exec(text);
    if (match === null) {
      // A single semicolon at the end is let pass.
      return text.slice(at).trim() === ';' ? found : { problem: 'mime: invalid media parameter' };
    }
    const name = (match[1] as string).toLowerCase();
    const value = match[2]?.replace(/\\(.)/g, '$1') ?? match[3] ?? '';
    const known = found.get(name);
    if (known !== undefined && known !== value)
      return { problem: 'mime: duplicate parameter name' };
    found.set(name, value);
    at = parameter.lastIndex;
  }
  return found;
}
