/**
 * The YAML of provenance files, read as data that anybody may have written: the sums of files.
 *
 * In scope: the few members that count, as Rekor's reader has them: the first document, the last of several equal
 * keys, letter case of members ignored. Out of scope: everything else in the document, which is only checked for
 * what Rekor's reader refuses. Nothing is expanded: an alias is followed where it stands for a value that counts,
 * and there may be a hundred; a merge key is refused. No length but the document's own decides about memory.
 */

import type { Alias, Document, Node, Pair, Scalar, YAMLMap } from 'yaml';
import { fromUtf8 } from '../../encoding/bytes.js';
import { isSameGoName } from '../../encoding/go-json-text.js';
import { isLogError, LogError } from '../../errors.js';

type Yaml = typeof import('yaml');

/** Longest YAML that is parsed, bytes: the parser is not the fastest. Rekor has no bound. */
export const MAX_YAML_LENGTH = 1 << 15;
/** Most aliases in a document: the number up to which Rekor's reader takes any. */
export const MAX_ALIASES = 100;
/** Most documents in the stream; the first is read. */
export const MAX_DOCUMENTS = 100;
/** Deepest column at which a collection begins, and most flow collections: together they bound the nesting. */
export const MAX_YAML_NESTING = 128;

/**
 * Returns `files` of a sum collection, in the order of the document; undefined when it has none. Throws
 * ENTRY_MALFORMED for what is no YAML, and for members of another type.
 */
export async function readSums(content: Uint8Array): Promise<Map<string, string> | undefined> {
  try {
    const yaml = await import('yaml');
    const text = yamlText(content);
    const document = parseFirst(yaml, text);
    if (document.contents === null) return undefined;
    assertSound(yaml, document, text);
    const top = document.contents;
    if (!yaml.isMap(top)) {
      if (yaml.isScalar(top) && isNull(top)) return undefined;
      throw unfit(yaml, top, 'value of type helm.SumCollection');
    }
    const files = textMap(yaml, document, top, 'files');
    // The second map has no say, but it has to be one.
    textMap(yaml, document, top, 'images');
    return files;
  } catch (cause) {
    if (!isLogError(cause)) throw cause;
    throw new LogError(
      'ENTRY_MALFORMED',
      `error occurred parsing message block: error occurred parsing SumCollection: ${cause.message}`,
      { cause },
    );
  }
}

function parseFirst(yaml: Yaml, text: string): Document.Parsed {
  let documents: ReturnType<Yaml['parseAllDocuments']>;
  try {
    documents = yaml.parseAllDocuments(text, {
      version: '1.1',
      // Every scalar stays the text it is: no number or time is read into a sum.
      schema: 'failsafe',
      merge: false,
      uniqueKeys: false,
      prettyErrors: false,
      logLevel: 'silent',
    });
  } catch (cause) {
    // The parser promises not to throw; what it breaks down on is no sum collection.
    throw notYaml('the document cannot be read', cause);
  }
  const [first] = documents as readonly Document.Parsed[];
  if (first === undefined) return new yaml.Document(null) as Document.Parsed;
  const [error] = first.errors;
  if (error !== undefined) throw notYaml(error.message, error);
  const directive = first.warnings.find(({ code }) => code === 'BAD_DIRECTIVE');
  if (directive !== undefined) throw notYaml('found unknown directive name', directive);
  if (first.directives.yaml.explicit === true && first.directives.yaml.version !== '1.1') {
    throw notYaml('found incompatible YAML document');
  }
  return first;
}

/**
 * What Rekor's reader takes for text: UTF-8 without control characters. The three line breaks that YAML 1.1 has and
 * 1.2 has not (U+0085, U+2028, U+2029) are refused as well: two readers would see two documents.
 */
function yamlText(content: Uint8Array): string {
  if (content.length > MAX_YAML_LENGTH) {
    throw notYaml(`document is longer than ${MAX_YAML_LENGTH} bytes`);
  }
  let text: string;
  try {
    text = fromUtf8(content);
  } catch (cause) {
    throw notYaml('invalid UTF-8', cause);
  }
  if (/[^\t\n\r -~\u00a0-\u2027\u202a-\ufffd\u{10000}-\u{10ffff}]/u.test(text)) {
    throw notYaml('control characters are not allowed');
  }
  if (countOf(text, /(?:^|[\s,:[{])\*/g) > MAX_ALIASES) {
    throw notYaml('document contains excessive aliasing');
  }
  if (countOf(text, /^---/gm) > MAX_DOCUMENTS) throw notYaml('there are too many documents');
  if (!isShallow(text)) throw notYaml(`document nests deeper than ${MAX_YAML_NESTING}`);
  return text;
}

/**
 * The parser recurses as deep as a document nests, and a process that runs out of stack in it does not survive. So
 * the nesting is bounded before: a block collection in another begins further to the right or behind an indicator,
 * a flow collection has a bracket.
 */
function isShallow(text: string): boolean {
  if (countOf(text, /[[{]/g) > MAX_YAML_NESTING) return false;
  return text.split('\n').every((line) => {
    const indent = line.search(/\S|$/);
    return indent + countOf(line, /[-?:](?=\s|$)/g) <= MAX_YAML_NESTING;
  });
}

function countOf(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0;
}

/** Throws for what Rekor's reader refuses anywhere in a document, and beyond the bounds. */
function assertSound(yaml: Yaml, document: Document.Parsed, source: string): void {
  let aliases = 0;
  yaml.visit(document, {
    Alias(_key, alias, path) {
      aliases++;
      if (aliases > MAX_ALIASES) throw notYaml('document contains excessive aliasing');
      const target = alias.resolve(document);
      if (target === undefined) throw notYaml(`unknown anchor '${alias.source}' referenced`);
      if (path.includes(target)) {
        throw notYaml(`anchor '${alias.source}' value contains itself`);
      }
    },
    Pair(_key, pair) {
      assertKey(yaml, document, pair);
    },
    Scalar(key, scalar, path) {
      const text = String(scalar.value ?? '');
      if (scalar.type === 'PLAIN') {
        if (key !== 'key' && NOT_JSON.test(text)) throw notYaml(`unsupported value: ${text}`);
        // YAML 1.1 ends a plain scalar there.
        const isInFlow = path.some((node) => yaml.isCollection(node) && node.flow === true);
        if (isInFlow && text.includes('?')) throw notYaml("did not find expected ',' or '}'");
      } else if (isOpenBlock(scalar, source)) {
        scalar.value = text.slice(0, -1);
      }
    },
  });
}

/** The last line of a block scalar ends as it does in the document, though the parser ends it with a line break. */
function isOpenBlock({ type, value, range }: Scalar, source: string): boolean {
  if (type !== 'BLOCK_LITERAL' && type !== 'BLOCK_FOLDED') return false;
  const isLast = range != null && range[1] >= source.length;
  return isLast && !source.endsWith('\n') && String(value).endsWith('\n');
}

/** Numbers that JSON has no form for; Rekor reads by way of JSON. */
const NOT_JSON = /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;

function assertKey(yaml: Yaml, document: Document.Parsed, { key }: Pair): void {
  const node = followed(yaml, document, key as Node | null);
  if (!yaml.isScalar(node) || isNull(node)) throw notYaml('invalid map key');
  if (node.source === '<<' && node.type === 'PLAIN') throw notYaml('merge keys are not read');
}

/** Returns a member that maps text to text; undefined when it is not there, or null. */
function textMap(
  yaml: Yaml,
  document: Document.Parsed,
  top: YAMLMap,
  name: string,
): Map<string, string> | undefined {
  // Rekor reads by way of JSON with its members sorted: what differs in letter case only is merged in that order.
  const spellings = new Map<string, Node | null>();
  for (const { key, value } of top.items as readonly Pair<Node, Node | null>[]) {
    const spelling = textOf(followed(yaml, document, key) as Scalar);
    if (isSameGoName(name, spelling)) spellings.set(spelling, followed(yaml, document, value));
  }
  let found: Map<string, string> | undefined;
  for (const spelling of [...spellings.keys()].sort()) {
    const node = spellings.get(spelling) ?? null;
    if (node === null || (yaml.isScalar(node) && isNull(node))) found = undefined;
    else if (!yaml.isMap(node)) throw unfit(yaml, node, `${fieldName(name)} map[string]string`);
    else found = new Map([...(found ?? []), ...textItems(yaml, document, node, name)]);
  }
  return found;
}

function textItems(
  yaml: Yaml,
  document: Document.Parsed,
  map: YAMLMap,
  name: string,
): Map<string, string> {
  const items = new Map<string, string>();
  for (const { key, value } of map.items as readonly Pair<Node, Node | null>[]) {
    const node = followed(yaml, document, value);
    if (node !== null && !yaml.isScalar(node)) {
      throw unfit(yaml, node, `${fieldName(name)} string`);
    }
    const keyNode = followed(yaml, document, key) as Scalar;
    items.set(textOf(keyNode), node === null || isNull(node) ? '' : textOf(node));
  }
  return items;
}

/** An alias stands for a node, and never for another alias. */
function followed(yaml: Yaml, document: Document.Parsed, node: Node | null): Node | null {
  return yaml.isAlias(node) ? ((node as Alias).resolve(document) ?? null) : node;
}

function isNull(scalar: Scalar): boolean {
  return scalar.type === 'PLAIN' && /^(?:~|null|Null|NULL)?$/.test(textOf(scalar));
}

function textOf(scalar: Scalar): string {
  const { tag } = scalar;
  if (tag !== undefined && tag !== '!' && tag !== 'tag:yaml.org,2002:str') {
    throw notYaml(`tag ${tag} is not read`);
  }
  return String(scalar.value ?? '');
}

function notYaml(reason: string, cause?: unknown): LogError {
  return new LogError('ENTRY_MALFORMED', `error converting YAML to JSON: yaml: ${reason}`, {
    cause,
  });
}

function fieldName(name: string): string {
  return `struct field SumCollection.${name} of type`;
}

function unfit(yaml: Yaml, node: Node | null, wanted: string): LogError {
  return new LogError(
    'ENTRY_MALFORMED',
    `error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${jsonTypeOf(yaml, node)} into Go ${wanted}`,
  );
}

/** What Rekor's reader makes of a node on its way to JSON. */
function jsonTypeOf(yaml: Yaml, node: Node | null): string {
  if (yaml.isSeq(node)) return 'array';
  if (!yaml.isScalar(node)) return 'object';
  if (node.type !== 'PLAIN') return 'string';
  const text = String(node.value ?? '');
  if (YAML_BOOLEAN.test(text)) return 'bool';
  return YAML_NUMBER.test(text) ? 'number' : 'string';
}

const YAML_BOOLEAN =
  /^(?:y|Y|n|N|yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF|true|True|TRUE|false|False|FALSE)$/;
const YAML_NUMBER =
  /^[-+]?(?:0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+|(?:[0-9][0-9_]*(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)$/;
