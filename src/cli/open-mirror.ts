/**
 * What a mirror is made of: store, copies, keys, and how each log comes in.
 *
 * In scope: opening and wiring. Out of scope: options (mirror-options.ts), sockets and signals (mirror-command.ts).
 */

import { createHash, randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { sha256Hex } from '#sha256';
import type { BoundedFetch } from '../client/bounded-fetch.js';
import { rekorV1Log } from '../client/rekor-v1-log.js';
import type { RemoteLog } from '../client/remote-log.js';
import { tilesLog } from '../client/tiles-log.js';
import { LogError } from '../errors.js';
import type { FedLog } from '../feeding/feed-config.js';
import { checkpointOpener } from '../mirror/belief.js';
import { CopyCompletion } from '../mirror/complete-copy.js';
import { type FollowOutcome, followOnce } from '../mirror/follower.js';
import { notesInFile } from '../mirror/kept-notes.js';
import { shortAnswers } from '../mirror/leaf-stream.js';
import { MirroredLog } from '../mirror/mirrored-log.js';
import { PendingCheckpoints } from '../mirror/pending-checkpoints.js';
import { CopyPush } from '../mirror/upload-client.js';
import { isWithinPending, UploadIntake } from '../mirror/upload-intake.js';
import { originID } from '../note/origin-id.js';
import type { VerifierKey } from '../note/verifier-key.js';
import type { Closers } from '../server/closers.js';
import { type Cosigner, mldsa44Cosigner } from '../signing/cosigner.js';
import { noteVerifier } from '../signing/note-verifier.js';
import { readSeedFile } from '../signing/seed-file.js';
import { type LevelStore, openLevelStore } from '../storage/level/level-store.js';
import type { ListedLog } from '../witness/log-list.js';
import type { MirrorOptions, MirrorPlan } from './mirror-options.js';
import { boundedFetch } from './system-fetch.js';
import { testPauses } from './witness-pauses.js';

/** A log that is followed. */
export interface FollowedLog {
  readonly origin: string;
  readonly intervalMs: number;
  /** Looks once. Throws what followOnce throws. */
  look(signal: AbortSignal): Promise<FollowOutcome>;
}

/** A copy that is brought to another mirror. */
export interface PushedCopy {
  readonly origin: string;
  /** The other mirror. */
  readonly url: string;
  readonly intervalMs: number;
  readonly push: CopyPush;
}

/** An open mirror. */
export interface MirrorParts {
  readonly copies: readonly MirroredLog[];
  readonly followed: readonly FollowedLog[];
  readonly pushed: readonly PushedCopy[];
  readonly intakes: ReadonlyMap<string, UploadIntake>;
  readonly cosigners: readonly Required<Cosigner>[];
}

const TIMEOUT_MS = 30_000;
/** An upload of some MiB takes longer than an answer. */
const PUSH_TIMEOUT_MS = 120_000;
/** A followed log that stands still is cosigned anew this often. */
const REFRESH_SECONDS = 3_600;

/** Opens a mirror; `closers` take what is to be closed. Throws KEY_FILE_INVALID and what store and files throw. */
export async function openMirror(
  plan: MirrorPlan,
  options: MirrorOptions,
  environment: NodeJS.ProcessEnv,
  closers: Closers,
): Promise<MirrorParts> {
  const folder = resolve(options.dataDir);
  await mkdir(folder, { recursive: true });
  const store = await openLevelStore({ directory: join(folder, 'store'), create: true });
  closers.push(() => store.close());
  await store.deepCheck();
  const cosigners = await openCosigners(options);
  closers.push(async () => {
    for (const cosigner of cosigners) await cosigner.close();
  });
  const opening: Opening = {
    store,
    statedFolder: resolve(options.guardDir ?? join(folder, 'stated')),
    pendingFolder: join(folder, 'pending'),
    cosigners,
    pauses: testPauses(environment, 'STELE_TEST_MIRROR_PAUSE'),
  };
  const copies: MirroredLog[] = [];
  const followed: FollowedLog[] = [];
  const intakes = new Map<string, UploadIntake>();
  for (const log of plan.followed) {
    const copy = await openCopy(opening, log.origin, log.key);
    copies.push(copy);
    followed.push(followedLog(opening, log, copy, plan));
  }
  for (const log of plan.uploaded) {
    const copy = await openCopy(opening, log.origin, log.keys[0] as VerifierKey);
    copies.push(copy);
    intakes.set(log.origin, await openIntake(opening, log, copy));
  }
  const pushed = copies.flatMap((copy) => pushesOf(copy, plan));
  return { copies, followed, pushed, intakes, cosigners };
}

/** Wall clock, seconds since 1970. */
export function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

interface Opening {
  readonly store: LevelStore;
  readonly statedFolder: string;
  readonly pendingFolder: string;
  readonly cosigners: readonly Required<Cosigner>[];
  readonly pauses: ReturnType<typeof testPauses>;
}

async function openCosigners({
  name,
  mldsaSeedFile,
}: MirrorOptions): Promise<readonly Required<Cosigner>[]> {
  if (name === undefined || mldsaSeedFile === undefined) return [];
  return [mldsa44Cosigner(name, await readSeedFile(mldsaSeedFile))];
}

async function openCopy(
  { store, statedFolder }: Opening,
  origin: string,
  { name, publicKey }: VerifierKey,
): Promise<MirroredLog> {
  const treeID = treeIDOf(origin);
  const record = (await store.logs()).find((each) => each.treeID === treeID);
  if (record === undefined) {
    const keyID = sha256Hex(publicKey);
    const shared = { logID: keyID, tileKeyID: keyID, createdSeconds: nowSeconds() };
    await store.createLog({ treeID, hostname: name, origin, ...shared, leavesRepeat: true });
  }
  const stated = notesInFile(join(statedFolder, `${originID(origin)}.json`));
  return MirroredLog.open(origin, treeID, { store, stated, nowSeconds });
}

function followedLog(
  { cosigners, pauses, pendingFolder }: Opening,
  log: FedLog,
  copy: MirroredLog,
  { policy }: MirrorPlan,
): FollowedLog {
  const { origin, key, kind, url, intervalMs } = log;
  const open = checkpointOpener({ origin, keys: [key], policy, verifierOf: noteVerifier });
  const completion = new CopyCompletion({ copy, cosigners, nowSeconds, ...pauses });
  const goal = notesInFile(join(pendingFolder, `${originID(origin)}.json`));
  const unsigned = new CopyCompletion({ copy, cosigners: [], nowSeconds });
  return {
    origin,
    intervalMs,
    look(signal) {
      // Anew each time: tiles that were kept and do not fit would not fit for ever.
      const remoteBy = (fetch: BoundedFetch): RemoteLog => {
        const reach = { url, fetch, timeoutMs: TIMEOUT_MS, signal };
        return kind === 'tiles' ? tilesLog(reach) : rekorV1Log(origin, reach);
      };
      return followOnce({
        copy,
        remote: remoteBy(boundedFetch),
        ahead: remoteBy(shortAnswers(boundedFetch)),
        open,
        goal,
        signal,
        async complete(checkpoint) {
          const by = checkpoint.isExtended ? unsigned : completion;
          await by.complete(checkpoint, REFRESH_SECONDS);
        },
      });
    },
  };
}

async function openIntake(
  { pendingFolder, cosigners, pauses }: Opening,
  { origin, keys }: ListedLog,
  copy: MirroredLog,
): Promise<UploadIntake> {
  const verifiers = keys.map(noteVerifier);
  const path = join(pendingFolder, `${originID(origin)}.json`);
  const pending = await PendingCheckpoints.load({
    origin,
    notes: notesInFile(path),
    stated: copy.stated?.note,
    verifiers,
    ticketSecret: randomBytes(32),
  });
  if (!isWithinPending(copy, pending)) {
    throw new LogError(
      'STORE_CORRUPT',
      `${path} has lost the pending checkpoint that ${copy.size} entries of ${origin} belong to`,
    );
  }
  const completion = new CopyCompletion({ copy, cosigners, nowSeconds, ...pauses });
  return new UploadIntake({ copy, pending, completion, verifiers });
}

function pushesOf(copy: MirroredLog, { push }: MirrorPlan): readonly PushedCopy[] {
  const { origin } = copy;
  const verifiers = push.keys.map(noteVerifier);
  const reach = { copy, verifiers, fetch: boundedFetch, timeoutMs: PUSH_TIMEOUT_MS };
  const { intervalMs } = push;
  return push.urls.map((url) => {
    return { origin, url, intervalMs, push: new CopyPush({ ...reach, url }) };
  });
}

/** The tree ID of a copy in its store: of the origin alone, so that it is found again. */
function treeIDOf(origin: string): bigint {
  const digest = createHash('sha256').update(origin).digest();
  return (digest.readBigUInt64BE(0) & 0x7fff_ffff_ffff_ffffn) | 1n;
}
