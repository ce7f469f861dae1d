/**
 * How fast does a monitor look for identities in a log of the v2 API?
 *
 * Entries are hashedrekords with certificates as Fulcio gives them to people and to workflows; the rule has a name, a
 * pattern and an issuer, and finds nothing. The whole monitor is measured: bundles over HTTP, every entry read and hashed into
 * the signed root, the place saved.
 */

import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { Registry } from 'prom-client';
import { verifyLogSignature } from '../src/client/log-signature.js';
import { openMonitor } from '../src/monitor/monitor.js';
import { readMonitorConfig } from '../src/monitor/monitor-config.js';
import { monitorMetrics } from '../src/monitor/monitor-metrics.js';
import { noteVerifier } from '../src/signing/note-verifier.js';
import { LeafDescriber } from '../src/workers/leaf-describer.js';
import { REKOR_MONITOR_RATE } from './goals.js';
import { leafCertificate } from './harness/leaf-certificate.js';
import { figuresOf, measured, medianRound, type ReaderRound } from './harness/reader-rounds.js';
import type { ResultRow } from './harness/result.js';

export interface MonitorBenchOptions {
  readonly entries: number;
  readonly rounds: number;
  readonly flags: readonly string[];
}

const RULE = {
  name: 'releases',
  san: ['release@acme.example', { pattern: '^https://github\\.com/acme/.*@refs/tags/v' }],
  issuer: 'https://token.actions.githubusercontent.com',
};

/** Certificates are made once each and used in turn: making them takes longer than reading them. */
const CERTIFICATES = 512;

/** Returns the figures: the median round. */
export async function monitor(options: MonitorBenchOptions): Promise<readonly ResultRow[]> {
  const median = await medianRound({ ...options, makeLeaf: leafMaker(), read: scan });
  const ratio = median.entriesPerSecond / REKOR_MONITOR_RATE;
  return [
    {
      case: `identity scan, ${options.entries} entries of v2`,
      figures: { ...figuresOf(median), 'times rekor-monitor': ratio },
    },
  ];
}

function leafMaker(): () => Uint8Array {
  const issuerKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const certificates = Array.from({ length: CERTIFICATES }, () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const der = leafCertificate(publicKey.export({ type: 'spki', format: 'der' }), issuerKey);
    return Buffer.from(der).toString('base64');
  });
  let next = 0;
  return () => {
    const random = randomBytes(32 + 71);
    const digest = random.toString('base64', 0, 32);
    const content = random.toString('base64', 32);
    const rawBytes = certificates[next++ % CERTIFICATES];
    return Buffer.from(
      '{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{"hashedRekordV002":{"data":{"algorithm":"SHA2_256",' +
        `"digest":"${digest}"},"signature":{"content":"${content}","verifier":{"keyDetails":` +
        `"PKIX_ECDSA_P256_SHA_256","x509Certificate":{"rawBytes":"${rawBytes}"}}}}}}`,
    );
  };
}

async function scan(url: string, key: string, stateFolder: string): Promise<ReaderRound> {
  const document = { logs: [{ url, key, start: 'oldest' }], watch: [RULE] };
  const config = readMonitorConfig(document, '.', () => '');
  const registry = new Registry();
  const problems: string[] = [];
  let entries = 0;
  const metrics = monitorMetrics(registry, (line) => problems.push(line));
  const describer = new LeafDescriber({ timeLimitMs: 10_000, memoryLimitMb: 256 });
  const opened = await openMonitor(config, {
    stateFolder,
    metrics: {
      ...metrics,
      scanned(count) {
        entries += count;
      },
    },
    userAgent: 'bench',
    line: async (text) => void problems.push(text),
    warn: (text) => problems.push(text),
    now: () => new Date(),
    pause: async () => undefined,
    isStopping: () => false,
    describe: (leaf, extensions) => describer.describe(leaf, extensions),
    verifySignature: verifyLogSignature,
    verifierOf: noteVerifier,
  });
  const round = await measured(async () => {
    const { tampering, failed } = await opened.poll();
    if (tampering || failed || problems.length > 0) throw new Error(problems.join('\n'));
    return entries;
  });
  await opened.close();
  await describer.close();
  return round;
}
