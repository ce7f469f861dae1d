/** The figures of a mirror, declared on a registry that is given. Origins become labels: they are those of configured logs alone. */

import { Counter, Gauge, type Registry } from 'prom-client';
import type { FollowOutcome } from './follower.js';
import type { MirroredLog } from './mirrored-log.js';

/** What moves the figures. */
export interface MirrorMetrics {
  /** A look at a log that came to something, at a time in seconds since 1970. */
  looked(origin: string, outcome: FollowOutcome, nowSeconds: number): void;
  /** A look that failed. */
  failed(origin: string, isContradiction: boolean): void;
  /** A push of a copy to another mirror. */
  pushed(origin: string, outcome: string): void;
  /** An answer to uploaded entries. */
  uploaded(origin: string, status: number): void;
  /** An answer to a checkpoint that was submitted. */
  submitted(origin: string, status: number): void;
  /** Notes of a log that contradict each other, met for the first time. */
  accused(origin: string): void;
}

/** What is mirrored. */
export interface MeasuredLogs {
  readonly copies: readonly MirroredLog[];
  /** Origins of those that are followed; the others are uploaded. */
  readonly followed: readonly string[];
  /** Returns the size of the pending checkpoint of a log that is uploaded. */
  pendingSizeOf(origin: string): bigint | undefined;
}

/** Declares the figures on `registry`. */
export function declareMirrorMetrics(registry: Registry, logs: MeasuredLogs): MirrorMetrics {
  /** Newest sizes that followed logs have shown. */
  const shown = new Map<string, number>();
  declareSizes(registry, logs, shown);
  const counter = (name: string, help: string, label: string): Counter =>
    new Counter({ name, help, labelNames: ['origin', label], registers: [registry] });
  const looks = counter('stele_mirror_looks_total', 'Looks at a followed log', 'outcome');
  const pushes = counter('stele_mirror_pushes_total', 'Pushes to other mirrors', 'outcome');
  const uploads = counter('stele_mirror_uploads_total', 'Uploads of entries, by answer', 'status');
  const submissions = counter(
    'stele_mirror_submissions_total',
    'Checkpoints that were submitted, by answer',
    'status',
  );
  const accusations = new Counter({
    name: 'stele_mirror_contradictions_total',
    help: 'Pairs of notes of a log that cannot both be true',
    labelNames: ['origin'],
    registers: [registry],
  });
  const success = new Gauge({
    name: 'stele_mirror_last_success_timestamp_seconds',
    help: 'When a followed log was last found to be in order',
    labelNames: ['origin'],
    registers: [registry],
  });
  return {
    looked(origin, { outcome, size }, nowSeconds) {
      shown.set(origin, size);
      looks.inc({ origin, outcome });
      success.set({ origin }, nowSeconds);
    },
    failed: (origin, isContradiction) =>
      looks.inc({ origin, outcome: isContradiction ? 'contradiction' : 'failed' }),
    pushed: (origin, outcome) => pushes.inc({ origin, outcome }),
    uploaded: (origin, status) => uploads.inc({ origin, status: String(status) }),
    submitted: (origin, status) => submissions.inc({ origin, status: String(status) }),
    accused: (origin) => accusations.inc({ origin }),
  };
}

function declareSizes(
  registry: Registry,
  { copies, followed, pendingSizeOf }: MeasuredLogs,
  shown: ReadonlyMap<string, number>,
): void {
  const announced = ({ origin }: MirroredLog): number =>
    Number(pendingSizeOf(origin) ?? shown.get(origin) ?? 0);
  const declare = (name: string, help: string, figureOf: (copy: MirroredLog) => number): void => {
    new Gauge({
      name,
      help,
      labelNames: ['origin'],
      registers: [registry],
      collect() {
        for (const copy of copies) this.set({ origin: copy.origin }, figureOf(copy));
      },
    });
  };
  declare('stele_mirror_entries', 'Entries that are on disk', ({ size }) => size);
  declare(
    'stele_mirror_checkpoint_size',
    'Tree size of the checkpoint that is served',
    ({ checkpoint }) => checkpoint?.size ?? 0,
  );
  declare(
    'stele_mirror_lag_entries',
    'Entries between the newest size that is known, shown or pending, and the checkpoint that is served',
    (copy) => Math.max(0, announced(copy) - (copy.checkpoint?.size ?? 0)),
  );
  new Gauge({
    name: 'stele_mirror_logs',
    help: 'Logs that are mirrored, by how their entries come',
    labelNames: ['by'],
    registers: [registry],
    collect() {
      this.set({ by: 'following' }, followed.length);
      this.set({ by: 'upload' }, copies.length - followed.length);
    },
  });
}
