/**
 * How fast does the log grow when only sequencing, storage, signing and proofs are at work, and does it slow down
 * as it grows? Also the way to make a big log for the other questions.
 *
 * Entries have the shape and size of hashedrekords with a certificate each, are distinct and do not compress. At
 * the end slices into the big log alternate with slices into an empty one: on a shared machine only neighbours in
 * time compare.
 */

import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AcceptedEntry } from '../src/entries/entry-kind.js';
import { leafHash } from '../src/merkle/hash.js';
import { median } from './harness/latencies.js';
import { openUnverifiedLog, type UnverifiedLog } from './harness/open-log.js';
import { type ResultRow, report } from './harness/result.js';

export interface LoadOptions {
  readonly entries: number;
  /** Entries under way at once. */
  readonly batch: number;
  /** Where the log lies; unset: a temporary folder that is removed. */
  readonly dataDir: string | undefined;
}

/** Entries a second, into an empty log and into the full one. */
export interface LoadRates {
  readonly empty: number;
  readonly full: number;
}

/** Length of a leaf certificate of Fulcio. */
const CERTIFICATE_BYTES = 715;
/** Length of most P-256 signatures in DER. */
const SIGNATURE_BYTES = 71;
const PARTS = 10;
const COMPARISON_ROUNDS = 3;

/** Loads `entries` entries, measures, prints and keeps the figures. */
export async function load(options: LoadOptions): Promise<LoadRates> {
  const folder = options.dataDir ?? mkdtempSync(join(tmpdir(), 'stele-load-'));
  const log = await openUnverifiedLog(folder);
  try {
    const rows: ResultRow[] = [];
    // Large enough that the empty log merges its tables too: a slice that fits into the write buffer does not.
    const slice = Math.max(2000, Math.floor(options.entries / 12));
    const compared = COMPARISON_ROUNDS * slice;
    const bulk = Math.max(0, options.entries - compared);
    for (let part = 0; part < PARTS; part++) {
      const count = Math.floor((bulk * (part + 1)) / PARTS) - Math.floor((bulk * part) / PARTS);
      const { rate, cpuMicroseconds } = await append(log, count, options.batch);
      rows.push(row(`to ${await log.size()} entries`, rate, cpuMicroseconds));
    }
    const rates = await compareWithEmpty(log, slice, options.batch, rows);
    report('load', rows, new Date());
    return rates;
  } finally {
    await log.close();
    if (options.dataDir === undefined) rmSync(folder, { recursive: true });
  }
}

/** Makes a log of `count` entries in `dataDir`. */
export async function fillLog(dataDir: string, count: number): Promise<void> {
  const log = await openUnverifiedLog(dataDir);
  await append(log, count, FILL_BATCH);
  await log.close();
}

const FILL_BATCH = 256;

async function compareWithEmpty(
  full: UnverifiedLog,
  slice: number,
  batch: number,
  rows: ResultRow[],
): Promise<LoadRates> {
  const rates: { empty: number[]; full: number[] } = { empty: [], full: [] };
  for (let round = 0; round < COMPARISON_ROUNDS; round++) {
    const folder = mkdtempSync(join(tmpdir(), 'stele-load-empty-'));
    const empty = await openUnverifiedLog(folder);
    rates.empty.push((await append(empty, slice, batch)).rate);
    await empty.close();
    rmSync(folder, { recursive: true });
    rates.full.push((await append(full, slice, batch)).rate);
  }
  const middle = { empty: median(rates.empty), full: median(rates.full) };
  rows.push(row(`${slice} into an empty log`, middle.empty));
  rows.push(row(`${slice} into this log`, middle.full));
  return middle;
}

/** Appends `count` new entries, `batch` under way at a time. */
async function append(
  log: UnverifiedLog,
  count: number,
  batch: number,
): Promise<{ rate: number; cpuMicroseconds: number }> {
  const started = performance.now();
  const before = process.cpuUsage();
  let next = 0;
  const submit = async (): Promise<void> => {
    while (next < count) {
      next++;
      await log.add(newEntry());
    }
  };
  await Promise.all(Array.from({ length: batch }, submit));
  const { user, system } = process.cpuUsage(before);
  const seconds = (performance.now() - started) / 1000;
  return { rate: count / seconds, cpuMicroseconds: (user + system) / count };
}

/** Returns an entry as the log would store it: random where a real one holds keys, hashes and signatures. */
function newEntry(): AcceptedEntry {
  const random = randomBytes(32 + SIGNATURE_BYTES + CERTIFICATE_BYTES);
  const value = random.toString('hex', 0, 32);
  const content = random.toString('base64', 32, 32 + SIGNATURE_BYTES);
  const der = random.toString('base64', 32 + SIGNATURE_BYTES);
  const lines = der.replaceAll(/.{64}/g, '$&\n');
  const pem = `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
  const publicKey = Buffer.from(pem).toString('base64');
  const leaf = Buffer.from(
    `{"apiVersion":"0.0.1","kind":"hashedrekord","spec":{"data":{"hash":{"algorithm":"sha256","value":"${value}"}},` +
      `"signature":{"content":"${content}","publicKey":{"content":"${publicKey}"}}}}`,
  );
  const keyHash = createHash('sha256').update(pem).digest('hex');
  return {
    kind: 'hashedrekord',
    apiVersion: '0.0.1',
    leaf,
    leafHash: leafHash(leaf),
    indexKeys: [`sha256:${value}`, keyHash, `dev.${value.slice(0, 4)}@example.com`],
    searchTerms: [],
  };
}

function row(name: string, rate: number, cpuMicroseconds?: number): ResultRow {
  return {
    case: name,
    figures: {
      'entries/s': Math.round(rate),
      ...(cpuMicroseconds === undefined ? {} : { 'CPU us/entry': Math.round(cpuMicroseconds) }),
    },
  };
}
