/**
 * Sends the recorded v2 cases to a new log, in their order, and judges the answers.
 *
 * A case that is listed as a difference must be answered as listed AND must still differ from the recording.
 */

import { leafHash } from '../../src/merkle/hash.js';
import { type RawAnswer, sendRaw } from './raw-request.js';
import {
  differenceOf,
  joinParts,
  type V2Case,
  type V2Difference,
  type V2Differences,
  type V2Expectation,
  type V2Switches,
} from './v2-case.js';
import type { V2LogUnderTest } from './v2-log-under-test.js';

export interface V2ReplayOptions {
  readonly url: string;
  readonly log: V2LogUnderTest;
  readonly cases: readonly V2Case[];
  readonly differences: V2Differences;
  readonly switches: V2Switches;
}

/** Returns what is wrong, a line for each case that is not answered as it should be. */
export async function replayV2(options: V2ReplayOptions): Promise<string[]> {
  const { url, log, cases, differences, switches } = options;
  const problems: string[] = [];
  for (const recorded of cases) {
    const { method, path, headers = {} } = recorded.request;
    const answer = await sendRaw(url, {
      method,
      path: log.fillIn(path),
      headers: Object.entries(headers),
      body: bodyOf(recorded),
    });
    const difference = differenceOf(recorded.name, differences, switches);
    const problem = verdictOf(log, recorded, answer, difference);
    if (problem !== undefined) problems.push(`${recorded.name}: ${problem}`);
    learn(log, recorded, answer);
  }
  return problems;
}

function bodyOf({ request: { body, bodyB64, bodyParts } }: V2Case): Buffer | undefined {
  if (bodyB64 !== undefined) return Buffer.from(bodyB64, 'base64');
  const text = bodyParts === undefined ? body : joinParts(bodyParts);
  return text === undefined ? undefined : Buffer.from(text);
}

function verdictOf(
  log: V2LogUnderTest,
  recorded: V2Case,
  answer: RawAnswer,
  difference: V2Difference | undefined,
): string | undefined {
  const recordedProblem = judgeV2(log, recorded.expect, answer);
  if (difference === undefined) return recordedProblem;
  if (recordedProblem === undefined) return 'listed as a difference, but answered as recorded';
  return judgeV2(log, difference, answer);
}

/** Returns undefined when `answer` is what is expected, else the first difference. */
export function judgeV2(
  log: V2LogUnderTest,
  expected: V2Expectation,
  answer: RawAnswer,
): string | undefined {
  const text = answer.body.toString();
  const shown = text.slice(0, 200);
  if (![expected.status, ...(expected.statusAlso ?? [])].includes(answer.status)) {
    return `status ${answer.status}, expected ${expected.status}: ${shown}`;
  }
  const headers = headersOf(answer);
  for (const [name, value] of Object.entries(expected.headers ?? {})) {
    if (headers.get(name) !== value) return `header ${name}: ${headers.get(name)}`;
  }
  const type = CONTENT_TYPES[expected.kind];
  if (type !== undefined && headers.get('content-type') !== type) {
    return `content-type ${headers.get('content-type')}`;
  }
  try {
    return judgeBody(log, expected, text, headers);
  } catch (error) {
    return `${error}: ${shown}`;
  }
}

const CONTENT_TYPES: Readonly<Partial<Record<V2Expectation['kind'], string>>> = {
  entry: 'application/json',
  problem: 'application/json',
  duplicate: 'application/json',
  json: 'application/json',
  'v1-problem': 'application/json',
  checkpoint: 'text/plain; charset=utf-8',
};

function judgeBody(
  log: V2LogUnderTest,
  expected: V2Expectation,
  text: string,
  headers: ReadonlyMap<string, string>,
): string | undefined {
  switch (expected.kind) {
    case 'status':
      return undefined;
    case 'checkpoint':
      log.checkpoint(text);
      return undefined;
    case 'json':
      return text === JSON.stringify(expected.json) ? undefined : `body ${text}`;
    case 'entry': {
      const { leaf } = log.entry(text);
      const isSame =
        expected.leaf === undefined
          ? Buffer.from(leafHash(leaf)).toString('hex') === expected.leafHash
          : Buffer.from(leaf).toString() === expected.leaf;
      return isSame ? undefined : `canonical body ${Buffer.from(leaf).toString()}`;
    }
    case 'v1-problem':
      return judgeMembers(text, expected, ['code', 'message']);
    case 'problem':
      return judgeMembers(text, expected, ['code', 'message', 'details']);
    case 'duplicate': {
      const index = log.entries.get(expected.of ?? '')?.index;
      const message = `an equivalent entry already exists in the transparency log with index ${index}`;
      if (headers.get('x-log-index') !== String(index)) return 'x-log-index';
      return judgeMembers(text, { ...expected, message }, ['code', 'message', 'details']);
    }
  }
}

function judgeMembers(
  text: string,
  { code, message }: V2Expectation,
  names: readonly string[],
): string | undefined {
  const body = JSON.parse(text) as Record<string, unknown>;
  const isSame =
    Object.keys(body).join() === names.join() &&
    body['code'] === code &&
    typeof body['message'] === 'string' &&
    (message === undefined || body['message'] === message) &&
    JSON.stringify(body['details'] ?? []) === '[]';
  return isSame ? undefined : `body ${text.slice(0, 300)}, expected ${code} ${message}`;
}

function headersOf({ rawHeaders }: RawAnswer): Map<string, string> {
  const headers = new Map<string, string>();
  for (let i = 0; i < rawHeaders.length; i += 2) {
    headers.set((rawHeaders[i] as string).toLowerCase(), rawHeaders[i + 1] as string);
  }
  return headers;
}

/** Keeps an entry under the name of the case that made it. */
function learn(log: V2LogUnderTest, recorded: V2Case, answer: RawAnswer): void {
  const isMade = recorded.request.method === 'POST' && answer.status === 201;
  if (isMade) log.entries.set(recorded.name, log.entry(answer.body.toString()));
}
