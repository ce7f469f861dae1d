/**
 * What is outside the API: liveness, readiness, the description and its viewer. `/healthz` and `/readyz` are ours;
 * Rekor has neither.
 */

import { JSON_TYPE, type Reply } from '../../http/reply.js';
import type { Page } from '../../http/route.js';
import type { Log, Publication, Readiness, Shards } from '../../log/log.js';
import { allLogs } from '../v1/shards.js';
import { describeApi, describedOperations } from './description.js';
import { apiPage, homePage } from './html.js';

/** Returns the pages; `openapiText` is the description as YAML. */
export function opsPages(shards: Shards, openapiText: string): readonly Page[] {
  // Read once, at the first need: the start need not wait for a YAML parser.
  let description: unknown;
  const api = (): unknown => {
    description ??= describeApi(openapiText);
    return description;
  };
  return [
    {
      path: '/ping',
      methods: ['GET', 'HEAD'],
      match: 'any-case',
      hot: true,
      handle: () => ({ status: 200, contentType: 'text/plain', body: '.' }),
    },
    {
      path: '/healthz',
      methods: ['GET', 'HEAD'],
      match: 'exact',
      hot: true,
      handle: () => ({ status: 200, contentType: JSON_TYPE, body: '{"status":"SERVING"}' }),
    },
    {
      path: '/readyz',
      methods: ['GET', 'HEAD'],
      match: 'exact',
      hot: false,
      handle: () => readiness(shards),
    },
    {
      path: '/',
      match: 'exact',
      hot: false,
      handle: () => ({
        status: 200,
        contentType: 'text/html',
        body: homePage(shards.active.identity, publications(shards)),
      }),
    },
    {
      path: '/swagger.json',
      match: 'cleaned',
      hot: false,
      handle: () => ({ status: 200, contentType: JSON_TYPE, body: JSON.stringify(api()) }),
    },
    {
      path: '/docs',
      match: 'cleaned',
      hot: false,
      handle: () => ({
        status: 200,
        contentType: 'text/html; charset=utf-8',
        body: apiPage(describedOperations(api())),
      }),
    },
  ];
}

const RETRY_AFTER_SECONDS = '5';

/** 200 when every part can work, else 503 that says which cannot. */
async function readiness(shards: Shards): Promise<Reply> {
  const logs = allLogs(shards);
  const reports = await Promise.all(logs.map((log) => log.readiness()));
  const firstTrouble = (part: keyof Readiness, of: readonly Readiness[]): string | undefined =>
    of.map((report) => report[part]).find((reason) => reason !== undefined);
  // An inactive shard is only read.
  const written = reports.filter((_, i) => !shards.inactive.includes(logs[i] as Log));
  const read = firstTrouble('read', reports);
  const append = firstTrouble('append', written);
  const sign = firstTrouble('sign', written);
  const isReady = append === undefined && sign === undefined && read === undefined;
  const parts = {
    ...{ append: append ?? 'ok', read: read ?? 'ok', sign: sign ?? 'ok' },
    ...witnessPart(publications(shards)),
  };
  const body = JSON.stringify({ ...parts, status: isReady ? 'READY' : 'NOT_READY' });
  if (isReady) return { status: 200, contentType: JSON_TYPE, body };
  const headers = [['Retry-After', RETRY_AFTER_SECONDS]] as const;
  return { status: 503, contentType: JSON_TYPE, body, headers };
}

/** Says how witnesses do; that they are away makes no server unready: reading goes on, and so do the answers of v1. */
function witnessPart(publications: readonly Publication[]): { readonly witnesses?: string } {
  if (publications.length === 0) return {};
  const troubles = publications.flatMap(({ mode, trouble }) =>
    trouble === undefined ? [] : [`${mode}: ${trouble}`],
  );
  return { witnesses: troubles.join('; ') || 'ok' };
}

function publications(shards: Shards): readonly Publication[] {
  return allLogs(shards).flatMap((log) => log.statistics().publication ?? []);
}
