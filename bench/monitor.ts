/**
 * How fast does a monitor look for identities in a log of the v2 API?
 *
 * Entries are hashedrekords with certificates as Fulcio gives them to people and to workflows; the rule has a name, a
 * pattern and an issuer, and finds nothing. The whole monitor is measured: bundles over HTTP from a server in a process of
 * its own, every entry read and hashed into the signed root, the place saved. Other processes make the time on the clock
 * longer, so the processor's time of the monitor stands beside it.
 */

import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { verifyLogSignature } from '../src/client/log-signature.js';
import { openMonitor } from '../src/monitor/monitor.js';
import { readMonitorConfig } from '../src/monitor/monitor-config.js';
import { monitorMetrics } from '../src/monitor/monitor-metrics.js';
import { noteVerifier } from '../src/signing/note-verifier.js';
import { LeafDescriber } from '../src/workers/leaf-describer.js';
import { fillV2Log } from './fill.js';
import { REKOR_MONITOR_RATE } from './goals.js';
import { leafCertificate } from './harness/leaf-certificate.js';
import type { ResultRow } from './harness/result.js';
import { QUIET_FLAGS, startServer, waitUntilReady } from './harness/server-process.js';

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
  const { entries, rounds, flags } = options;
  const folder = mkdtempSync(join(tmpdir(), 'stele-monitor-bench-'));
  try {
    const dataDir = join(folder, 'log');
    await fillV2Log(dataDir, entries, leafMaker());
    const server = await startServer({ dataDir, flags: [...QUIET_FLAGS, ...flags] });
    try {
      await waitUntilReady(server);
      const key = await (await fetch(`${server.url}/api/v1/log/publicKey`)).text();
      const found: Round[] = [];
      for (let round = 0; round < rounds; round++) {
        found.push(await scan(server.url, key, join(folder, `state-${round}`)));
      }
      const [median] = found.sort((a, b) => b.perSecond - a.perSecond).slice(rounds >> 1);
      const { perSecond = 0, cpuMicroseconds = 0, peakMiB = 0 } = median ?? {};
      return [
        {
          case: `identity scan, ${entries} entries of v2`,
          figures: {
            'entries/s': perSecond,
            'times rekor-monitor': perSecond / REKOR_MONITOR_RATE,
            'CPU us/entry': cpuMicroseconds,
            'peak MiB': peakMiB,
          },
        },
      ];
    } finally {
      await server.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
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

interface Round {
  readonly perSecond: number;
  readonly cpuMicroseconds: number;
  readonly peakMiB: number;
}

async function scan(url: string, key: string, stateFolder: string): Promise<Round> {
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
  const cpuBefore = process.cpuUsage();
  const startedMs = performance.now();
  const { tampering, failed } = await opened.poll();
  const seconds = (performance.now() - startedMs) / 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  await opened.close();
  await describer.close();
  if (tampering || failed || problems.length > 0) throw new Error(problems.join('\n'));
  return {
    perSecond: entries / seconds,
    cpuMicroseconds: (user + system) / entries,
    peakMiB: process.memoryUsage.rss() / 2 ** 20,
  };
}
