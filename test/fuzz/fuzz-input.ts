/**
 * Damaged submissions: each is made of one recorded submission of its kind, and depends on a seed and a number alone.
 *
 * A member that is base64 is decoded; what it holds is taken apart as far as its format is known, damaged in one
 * place, and put together again, so that the damage is not found at the door but deep inside.
 */

import { readFileSync } from 'node:fs';
import { ENTRY_KINDS, KNOWN_KINDS } from '../../src/entries/registry.js';
import { Random } from '../random.js';
import { vectorLines, vectorPath } from '../vectors.js';
import { type Damager, damageRaw, type Scene } from './damage.js';
import { damageGzip, damageRpm, damageTar, damageZip } from './damage-archives.js';
import { damageCbor, damageDer, damagePackets } from './damage-binary.js';
import {
  damageArmour,
  damageBase64Text,
  damageJsonText,
  damageTextLines,
  damageTree,
} from './damage-text.js';
import { type JsonTree, placesOf, textOf, treeOf, valueAt } from './json-tree.js';

/** A recorded submission. What is around the spec is read, and tested, elsewhere. */
interface Submission {
  readonly apiVersion: string;
  readonly spec: JsonTree;
}

/** The recorded submissions of a kind, ready to be damaged. */
export interface Corpus {
  /** One of FUZZ_KINDS. */
  readonly kind: string;
  readonly all: readonly Submission[];
  /** Those that were stored: what is damaged most gets furthest. */
  readonly stored: readonly Submission[];
  readonly specs: readonly JsonTree[];
  readonly donors: readonly Buffer[];
}

interface RecordedRequest {
  readonly request: { readonly method: string; readonly path: string; readonly body?: string };
  readonly expect: { readonly status: number };
}

/** Longest recorded body that is used: longer ones make a run slow and find nothing more. */
const MAX_BODY_LENGTH = 65_536;

/** What the kinds are called here that the v2 API takes, too: its messages are damaged apart from those of v1. */
const V2_SUFFIX = '-v2';

/** What can be damaged: every kind as the v1 API takes it, and those of the v2 API. */
export const FUZZ_KINDS: readonly string[] = [
  ...KNOWN_KINDS,
  ...KNOWN_KINDS.filter((kind) => ENTRY_KINDS[kind]?.v2Versions !== undefined).map(
    (kind) => `${kind}${V2_SUFFIX}`,
  ),
];

/** Returns the corpus of one of FUZZ_KINDS. */
export function readCorpus(kind: string): Corpus {
  return kind.endsWith(V2_SUFFIX) ? readV2Corpus(kind) : readV1Corpus(kind);
}

function readV2Corpus(kind: string): Corpus {
  const file = `rekor-v2/${kind.slice(0, -V2_SUFFIX.length)}-0.0.2.jsonl`;
  const all: Submission[] = [];
  const stored: Submission[] = [];
  for (const { request, leaf } of vectorLines<{ request: unknown; leaf?: string }>(file)) {
    const submission = { apiVersion: '0.0.2', spec: treeOf(request) };
    all.push(submission);
    if (leaf !== undefined) stored.push(submission);
  }
  return corpusOf(kind, all, stored);
}

function readV1Corpus(kind: string): Corpus {
  const all: Submission[] = [];
  const stored: Submission[] = [];
  const text = readFileSync(vectorPath(`rekor-v1/cases/${kind}.jsonl`), 'utf8');
  for (const line of text.trimEnd().split('\n')) {
    const { request, expect } = JSON.parse(line) as RecordedRequest;
    const { method, body } = request;
    if (method !== 'POST' || body === undefined || body.length > MAX_BODY_LENGTH) continue;
    const submission = submissionIn(body, kind);
    if (submission === undefined) continue;
    all.push(submission);
    if (expect.status === 201) stored.push(submission);
  }
  return corpusOf(kind, all, stored);
}

function corpusOf(kind: string, all: Submission[], stored: Submission[]): Corpus {
  const donors = stored.flatMap(({ spec }) =>
    placesOf(spec).flatMap((place) => bytesIn(valueAt(place))),
  );
  return { kind, all, stored, specs: all.map(({ spec }) => spec), donors };
}

/** Returns the body of input number `index`: a recorded submission with one to three things wrong. */
export function fuzzInput(corpus: Corpus, seed: number, index: number): string {
  const random = new Random(seed, index);
  const base = random.pick(random.chance(0.85) ? corpus.stored : corpus.all);
  const scene = sceneAt(random, corpus.donors, 0);
  const times = random.chance(0.7) ? 1 : 1 + random.below(3);
  let spec = base.spec;
  for (let i = 0; i < times; i++) spec = damageTree(spec, corpus.specs, scene);
  const isV2 = corpus.kind.endsWith(V2_SUFFIX);
  const kind = isV2 ? corpus.kind.slice(0, -V2_SUFFIX.length) : corpus.kind;
  return textOf({
    members: [
      ...(isV2 ? [{ name: 'api', value: '"v2"' }] : []),
      { name: 'apiVersion', value: JSON.stringify(base.apiVersion) },
      { name: 'kind', value: JSON.stringify(kind) },
      { name: 'spec', value: spec },
    ],
  });
}

/** Formats in the order in which they are tried; what is none of them is damaged as bytes. */
const DAMAGERS: readonly Damager[] = [
  damageGzip,
  damageZip,
  damageTar,
  damageRpm,
  damageDer,
  damageCbor,
  damageJsonText,
  damageArmour,
  damageBase64Text,
  damageTextLines,
  damagePackets,
];

const MAX_LAYERS = 7;

function sceneAt(random: Random, donors: readonly Buffer[], layer: number): Scene {
  const scene: Scene = {
    random,
    donors,
    inner: (bytes) => {
      const within = sceneAt(random, donors, layer + 1);
      const raw =
        layer >= MAX_LAYERS || bytes.length === 0 || random.chance(layer === 0 ? 0.03 : 0.12);
      if (raw) return damageRaw(bytes, within);
      for (const damage of DAMAGERS) {
        const damaged = damage(bytes, within);
        if (damaged !== undefined) return damaged;
      }
      return damageRaw(bytes, within);
    },
  };
  return scene;
}

function submissionIn(body: string, kind: string): Submission | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    // Recorded because it is no JSON: the reader of requests has tests of its own.
    return undefined;
  }
  const { kind: found, apiVersion, spec } = (value ?? {}) as Record<string, unknown>;
  if (found !== kind || !ENTRY_KINDS[kind]?.versions[String(apiVersion)]) return undefined;
  return spec === undefined ? undefined : { apiVersion: String(apiVersion), spec: treeOf(spec) };
}

function bytesIn(value: JsonTree): Buffer[] {
  if (typeof value !== 'string' || !value.startsWith('"')) return [];
  const bytes = Buffer.from(JSON.parse(value) as string, 'base64');
  return bytes.length >= 16 && bytes.length <= 8_192 ? [bytes] : [];
}
