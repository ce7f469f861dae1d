/** Whether an answer is the one that was recorded. */

import { verifyConsistency } from '../../src/merkle/verify.js';
import { type LogUnderTest, sortedList } from './log-under-test.js';
import type { RawAnswer } from './raw-request.js';
import type { Expectation } from './recorded-case.js';
import { verifiedBody } from './verified-body.js';

/** Returns undefined when `answer` is what is expected, else the first difference. */
export function judge(
  log: LogUnderTest,
  expected: Expectation,
  answer: RawAnswer,
): string | undefined {
  const text = answer.body.toString('utf8');
  if (answer.status !== expected.status) {
    return `status: expected ${expected.status} got ${answer.status} ${shorten(text)}`;
  }
  const headers = comparableHeaders(log, answer.rawHeaders);
  for (const [name, value] of Object.entries(expected.headers ?? {})) {
    if (headers.get(name) !== value) {
      return `header ${name}: expected ${JSON.stringify(value)} got ${JSON.stringify(headers.get(name))}`;
    }
  }
  const problems: string[] = [];
  const body = verifiedBody(log, expected.bodyKind, text, problems);
  if (problems[0] !== undefined) return problems[0];
  return (
    compareBody(log, expected, body) ??
    compareConsistency(log, expected, text) ??
    compareTail(expected, answer.body)
  );
}

function compareBody(log: LogUnderTest, expected: Expectation, body: unknown): string | undefined {
  if (expected.bodyKind === 'ignore') return undefined;
  const prepare = (value: unknown): unknown => {
    const told = expected.tier === 2 ? withoutMessage(value) : value;
    return log.inSync ? told : withoutPositions(told);
  };
  const wanted = expected.anyOf ?? [expected.body];
  const differences = wanted.map((value) => firstDifference(prepare(value), prepare(body)));
  return differences.includes(undefined) ? undefined : differences[0];
}

function compareConsistency(
  log: LogUnderTest,
  expected: Expectation,
  text: string,
): string | undefined {
  if (expected.consistency === undefined) return undefined;
  const [first, last] = expected.consistency.map((size) => Number(log.fillIn(String(size))));
  const firstRoot = log.roots.get(first as number);
  const lastRoot = log.roots.get(last as number);
  if (firstRoot === undefined || lastRoot === undefined) return undefined;
  const { hashes } = JSON.parse(text) as { hashes: string[] };
  try {
    verifyConsistency({
      first: first as number,
      last: last as number,
      firstRoot: Buffer.from(firstRoot, 'hex'),
      lastRoot: Buffer.from(lastRoot, 'hex'),
      proof: hashes.map((hash) => Buffer.from(hash, 'hex')),
    });
    return undefined;
  } catch (error) {
    return `consistency proof: ${error}`;
  }
}

function compareTail(expected: Expectation, body: Buffer): string | undefined {
  if (expected.rawTail === undefined) return undefined;
  const tail = Buffer.from(expected.rawTail, 'base64');
  if (body.subarray(Math.max(0, body.length - tail.length)).equals(tail)) return undefined;
  return `the body ends with ${JSON.stringify(body.subarray(-2).toString('utf8'))}`;
}

function comparableHeaders(log: LogUnderTest, raw: readonly string[]): Map<string, string> {
  const headers = new Map<string, string>();
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] as string).toLowerCase();
    const value = log.neutral(raw[i + 1] as string);
    const known = headers.get(name);
    headers.set(name, known === undefined ? value : `${known}, ${value}`);
  }
  const allow = headers.get('allow');
  // The order is random on the recorded server.
  if (allow !== undefined) headers.set('allow', sortedList(allow));
  return headers;
}

function withoutMessage(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const { message: _, ...rest } = value as { message?: unknown };
  return rest;
}

const POSITIONS = new Set(['logIndex', 'treeSize', 'rootHash', 'hashes']);

/** Drops what depends on the position in the log. */
function withoutPositions(value: unknown): unknown {
  if (typeof value === 'string') {
    return value.replace(
      /requested\(\d+\)(.*)observable\(\d+\)/,
      'requested(<n>)$1observable(<n>)',
    );
  }
  if (Array.isArray(value)) return value.map(withoutPositions);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name,
      POSITIONS.has(name) ? '<position>' : withoutPositions(item),
    ]),
  );
}

function firstDifference(wanted: unknown, got: unknown, path = '$'): string | undefined {
  if (wanted === got) return undefined;
  const bothObjects = typeof wanted === 'object' && typeof got === 'object';
  const comparable =
    bothObjects && wanted !== null && got !== null && Array.isArray(wanted) === Array.isArray(got);
  if (!comparable) return `${path}: expected ${shorten(wanted)} got ${shorten(got)}`;
  const names = new Set([...Object.keys(wanted), ...Object.keys(got)]);
  for (const name of names) {
    const found = firstDifference(
      (wanted as Record<string, unknown>)[name],
      (got as Record<string, unknown>)[name],
      `${path}.${name}`,
    );
    if (found !== undefined) return found;
  }
  return undefined;
}

function shorten(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 300);
}
