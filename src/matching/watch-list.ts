/**
 * What is looked for in a log's entries, and what of it is ours: rules over the facts of a leaf.
 *
 * A rule holds when all its conditions do, those on a signer of one and the same signer: a name from one certificate and
 * an issuer from another are nobody. What a watch rule finds is an alarm unless an allow rule holds of the same signer.
 * In scope: reading rules, judging a described leaf. Out of scope: where leaves come from, who is told. Pure; no state
 * but the memory of patterns (linear-pattern.ts).
 */

import type { DescribedLeaf } from '../entries/described-leaf.js';
import { SIGNER_FIELDS, type StoredSigner } from '../entries/stored-signer.js';
import { readTrustedRoots, type TrustedRoots } from '../entries/trusted-roots.js';
import { isLogError, LogError } from '../errors.js';
import { compilePattern } from './linear-pattern.js';
import {
  type LineReader,
  type MatcherSources,
  type PatternCompiler,
  readValueMatcher,
  type Strictness,
  type ValueMatcher,
} from './value-matcher.js';

/** What was found by a rule. */
export interface RuleMatch {
  readonly rule: string;
  /** What each condition found; empty for a rule that takes everything. */
  readonly found: readonly { readonly field: string; readonly value: string }[];
  /** Undefined for a leaf without signers. */
  readonly signer: StoredSigner | undefined;
  /** The allow rule that says it is ours; undefined: an alarm, or a look-alike. */
  readonly allowedBy: string | undefined;
  /** False when nobody whom the rule trusts has vouched for the names: anybody can have made such a certificate. */
  readonly isVouchedFor: boolean;
}

/** Rules that leaves are held against. */
export interface WatchList {
  /** Returns what the rules find in a leaf, at most one match a rule: an alarm if there is one. */
  judge(leaf: DescribedLeaf): readonly RuleMatch[];
  /** The watch rules one by one. */
  readonly rules: readonly WatchRule[];
  /** Values that are looked for word for word, in all rules. */
  readonly valueCount: number;
  /** OIDs of the extensions that any rule asks for. */
  readonly extensions: readonly string[];
}

/** One watch rule with what is allowed. */
export interface WatchRule {
  /** All of them must hold, those on a signer of one; none: it takes everything. */
  readonly conditions: readonly RuleCondition[];
  /** Returns what the rule finds in a leaf: an alarm if there is one. */
  judge(leaf: DescribedLeaf): RuleMatch | undefined;
}

/** One condition of a rule, as an index sees it. */
export interface RuleCondition {
  readonly field: string;
  readonly matcher: ValueMatcher;
  /** Returns what a leaf has in that field, of all signers together. */
  values(leaf: DescribedLeaf): readonly string[];
}

/** Returns whether a rule may have a condition of this name, beside those on extensions. */
export function isConditionName(name: string): boolean {
  const isOfSigner = SIGNER_FIELDS.some((field) => field === name);
  return isOfSigner || isEntryField(name) || Object.hasOwn(JOINT_FIELDS, name);
}

/** Returns whether a rule may have a condition on the extension with this name, a dotted OID. */
export function isExtensionName(name: string): boolean {
  return OID.test(name);
}

/** Most rules of each list. */
export const MAX_RULES = 1_000;

/** Most conditions of one rule on extensions. */
const MAX_EXTENSIONS = 32;

/**
 * Returns the watch list of a configuration: `watch`, a list of rules, `allow`, another, and `trustedRoots`, the file of the
 * authorities that count for watch rules that do not say otherwise. Throws CONFIG_INVALID naming the place.
 */
export function readWatchList(
  configuration: {
    readonly watch?: unknown;
    readonly allow?: unknown;
    readonly trustedRoots?: unknown;
  },
  readLines: LineReader,
  compile: PatternCompiler = compilePattern,
): WatchList {
  const sources = { readLines, compile };
  const roots = readRoots(configuration.trustedRoots, 'trustedRoots', undefined, readLines);
  const watch = readRules(configuration.watch ?? [], 'watch', sources, roots);
  const allow = readRules(configuration.allow ?? [], 'allow', sources, undefined);
  const names = new Set(watch.map(({ name }) => name));
  if (names.size < watch.length) {
    throw new LogError('CONFIG_INVALID', 'two watch rules have one name');
  }
  const conditions = [...watch, ...allow].flatMap(conditionsOf);
  const rules = watch.map((rule) => ({
    conditions: conditionsOf(rule),
    judge: (leaf: DescribedLeaf) => judgeByRule(leaf, rule, allow),
  }));
  return {
    judge: (leaf) => judgeByAll(leaf, rules),
    rules,
    valueCount: conditions.reduce((sum, { matcher }) => sum + matcher.exact.size, 0),
    extensions: [...new Set(conditions.map(({ field }) => field).filter(isExtensionName))],
  };
}

function conditionsOf({ onEntry, onSigner }: Rule): RuleCondition[] {
  return [
    ...onEntry,
    ...onSigner.map(({ field, matcher, values }) => ({
      field,
      matcher,
      values: ({ signers }: DescribedLeaf) => signers.flatMap(values),
    })),
  ];
}

interface Rule {
  readonly name: string;
  readonly onEntry: readonly Condition<DescribedLeaf>[];
  readonly onSigner: readonly Condition<StoredSigner>[];
  /** Who must have vouched for what the rule asks of a signer; undefined: nobody. */
  readonly roots: TrustedRoots | undefined;
}

interface Condition<Subject> {
  readonly field: string;
  readonly matcher: ValueMatcher;
  values(subject: Subject): readonly string[];
}

type Found = RuleMatch['found'];

/** Nearly every leaf is nothing to any rule: nothing is made for it. */
function judgeByAll(leaf: DescribedLeaf, rules: readonly WatchRule[]): readonly RuleMatch[] {
  let matches: RuleMatch[] | undefined;
  for (const rule of rules) {
    const match = rule.judge(leaf);
    if (match === undefined) continue;
    if (matches === undefined) matches = [match];
    else matches.push(match);
  }
  return matches ?? NO_MATCHES;
}

const NO_MATCHES: readonly RuleMatch[] = [];

function judgeByRule(
  leaf: DescribedLeaf,
  rule: Rule,
  allow: readonly Rule[],
): RuleMatch | undefined {
  let other: RuleMatch | undefined;
  const onEntry = findAll(rule.onEntry, leaf);
  if (onEntry === undefined) return undefined;
  for (const signer of leaf.signers.length === 0 ? [undefined] : leaf.signers) {
    const onSigner = ofSigner(rule, signer);
    if (onSigner === undefined) continue;
    const found = [...onEntry, ...onSigner];
    const isVouchedFor = !signer || !rule.roots || rule.roots.vouchFor(signer);
    // What a look-alike says of itself makes it nobody's.
    const allowedBy = isVouchedFor
      ? allow.find((each) => holds(each, leaf, signer))?.name
      : undefined;
    const match = { rule: rule.name, found, signer, allowedBy, isVouchedFor };
    if (isVouchedFor && allowedBy === undefined) return match;
    if (other?.isVouchedFor !== false) other = isVouchedFor ? (other ?? match) : match;
  }
  return other;
}

function holds(rule: Rule, leaf: DescribedLeaf, signer: StoredSigner | undefined): boolean {
  return findAll(rule.onEntry, leaf) !== undefined && ofSigner(rule, signer) !== undefined;
}

function ofSigner({ onSigner }: Rule, signer: StoredSigner | undefined): Found | undefined {
  if (signer !== undefined) return findAll(onSigner, signer);
  return onSigner.length === 0 ? [] : undefined;
}

const NOTHING: Found = [];

/** Undefined when one of the conditions finds nothing. */
function findAll<Subject>(
  conditions: readonly Condition<Subject>[],
  subject: Subject,
): Found | undefined {
  let found: { field: string; value: string }[] | undefined;
  for (const { field, matcher, values } of conditions) {
    const value = matcher.find(values(subject));
    if (value === undefined) return undefined;
    found ??= [];
    found.push({ field, value });
  }
  return found ?? NOTHING;
}

/** Conditions on the entry, by name. */
const ENTRY_FIELDS = ['digest', 'subject-name', 'package', 'kind'] as const;

/** Conditions on a signer that are several fields in one. */
const JOINT_FIELDS: Readonly<Record<string, Condition<StoredSigner>['values']>> = {
  san: (signer) => signer.names(),
  subject: (signer) => [...signer.names(), ...signer.values('certificate-subject')],
};

function readRules(
  list: unknown,
  strictness: Strictness,
  sources: MatcherSources,
  roots: TrustedRoots | undefined,
): Rule[] {
  if (!Array.isArray(list) || list.length > MAX_RULES) {
    throw new LogError('CONFIG_INVALID', `${strictness} is not a list of at most ${MAX_RULES}`);
  }
  return list.map((rule: unknown, at) =>
    readRule(rule, `${strictness}[${at}]`, strictness, sources, roots),
  );
}

function readRule(
  rule: unknown,
  place: string,
  strictness: Strictness,
  sources: MatcherSources,
  roots: TrustedRoots | undefined,
): Rule {
  if (typeof rule !== 'object' || rule === null || Array.isArray(rule)) {
    throw new LogError('CONFIG_INVALID', `${place} is not a rule`);
  }
  const members = rule as Record<string, unknown>;
  const { name = place, everything, extensions, trustedRoots, ...conditions } = members;
  if (typeof name !== 'string' || name === '') {
    throw new LogError('CONFIG_INVALID', `${place}.name is not a text`);
  }
  const onEntry: Condition<DescribedLeaf>[] = [];
  const onSigner: Condition<StoredSigner>[] = [];
  for (const [field, condition] of Object.entries(conditions)) {
    const where = `${place}.${field}`;
    const matcher = readValueMatcher(condition, where, strictness, sources);
    if (isEntryField(field)) onEntry.push(entryCondition(field, matcher));
    else onSigner.push({ field, matcher, values: signerValues(field, where, strictness) });
  }
  for (const [oid, condition] of readExtensions(extensions, place)) {
    const matcher = readValueMatcher(condition, `${place}.extensions`, strictness, sources);
    onSigner.push({ field: oid, matcher, values: (signer) => signer.extension(oid) });
  }
  const isEmpty = onEntry.length + onSigner.length === 0;
  if (isEmpty !== (everything === true)) {
    const reason = isEmpty ? 'has no condition' : 'has conditions, and takes everything';
    throw new LogError('CONFIG_INVALID', `${place} ${reason}`);
  }
  if (strictness === 'allow' && trustedRoots !== undefined) {
    throw new LogError('CONFIG_INVALID', `${place}.trustedRoots is for watch rules`);
  }
  const own = readRoots(trustedRoots, `${place}.trustedRoots`, roots, sources.readLines);
  // The hash of a key says whose it is without anybody's word.
  const asksForNames = onSigner.some(({ field }) => field !== 'key');
  return { name, onEntry, onSigner, roots: asksForNames ? own : undefined };
}

/** A file, `false` for nobody, or what stands for all rules. */
function readRoots(
  value: unknown,
  place: string,
  common: TrustedRoots | undefined,
  readLines: LineReader,
): TrustedRoots | undefined {
  if (value === undefined) return common;
  if (value === false) return undefined;
  if (typeof value !== 'string' || value === '') {
    throw new LogError('CONFIG_INVALID', `${place} is neither a file nor false`);
  }
  try {
    return readTrustedRoots(readLines(value).join('\n'));
  } catch (cause) {
    if (!isLogError(cause)) throw cause;
    throw new LogError('CONFIG_INVALID', `${place}: ${cause.message}`, { cause });
  }
}

function isEntryField(field: string): field is (typeof ENTRY_FIELDS)[number] {
  return (ENTRY_FIELDS as readonly string[]).includes(field);
}

function entryCondition(
  field: (typeof ENTRY_FIELDS)[number],
  matcher: ValueMatcher,
): Condition<DescribedLeaf> {
  if (field === 'kind') return { field, matcher, values: ({ kind }) => [kind] };
  const values = ({ terms }: DescribedLeaf) =>
    terms.filter((term) => term.field === field).map(({ value }) => value);
  return { field, matcher, values };
}

function signerValues(
  field: string,
  place: string,
  strictness: Strictness,
): Condition<StoredSigner>['values'] {
  if (field === 'issuer' && strictness === 'allow') return theIssuer;
  const joint = Object.hasOwn(JOINT_FIELDS, field) ? JOINT_FIELDS[field] : undefined;
  if (joint !== undefined) return joint;
  const known = SIGNER_FIELDS.find((each) => each === field);
  if (known !== undefined) return (signer) => signer.values(known);
  throw new LogError('CONFIG_INVALID', `${place} is no condition that there is`);
}

/** A certificate says its issuer twice. One that says two is nobody's: readers differ in whom they believe. */
function theIssuer(signer: StoredSigner): readonly string[] {
  const issuers = new Set(signer.values('issuer'));
  return issuers.size > 1 ? [] : [...issuers];
}

const OID = /^\d{1,10}(\.\d{1,10}){1,30}$/;

function readExtensions(extensions: unknown, place: string): [string, unknown][] {
  if (extensions === undefined) return [];
  const isMap = typeof extensions === 'object' && extensions !== null && !Array.isArray(extensions);
  const found = isMap ? Object.entries(extensions) : [];
  if (
    found.length > 0 &&
    found.length <= MAX_EXTENSIONS &&
    found.every(([oid]) => isExtensionName(oid))
  ) {
    return found;
  }
  throw new LogError('CONFIG_INVALID', `${place}.extensions does not map OIDs to values`);
}
