/** A log that is uploaded to a mirror in this process: its leaves by recipe, its checkpoints, packages and requests. */

import { createHash, generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { toBase64 } from '../../src/encoding/base64.js';
import { concatBytes, utf8 } from '../../src/encoding/bytes.js';
import { encodeEntryBundle } from '../../src/merkle/entry-bundle.js';
import { leafHash } from '../../src/merkle/hash.js';
import { type ProofPlan, planConsistencyProof } from '../../src/merkle/proof.js';
import { planSubtreeProof } from '../../src/merkle/subtree.js';
import { parseTilePath, TILE_WIDTH, tilePath } from '../../src/merkle/tile.js';
import { CopyCompletion, type MirrorCosigner } from '../../src/mirror/complete-copy.js';
import type { KeptNotes } from '../../src/mirror/kept-notes.js';
import { createMirrorApp } from '../../src/mirror/mirror-app.js';
import { MirroredLog } from '../../src/mirror/mirrored-log.js';
import { PendingCheckpoints } from '../../src/mirror/pending-checkpoints.js';
import { UploadIntake } from '../../src/mirror/upload-intake.js';
import { printCheckpoint } from '../../src/note/checkpoint.js';
import {
  checkpointStatement,
  printCosignature,
  type SubtreeStatement,
  subtreeMessage,
} from '../../src/note/cosignature.js';
import { printSignedNote, type SignatureLine } from '../../src/note/signed-note.js';
import { SIGNATURE_TYPE, type VerifierKey, verifierKeyOf } from '../../src/note/verifier-key.js';
import { mldsa44 } from '../../src/signing/mldsa44.js';
import { noteVerifier } from '../../src/signing/note-verifier.js';
import { type Signer, signerFromKey } from '../../src/signing/signer.js';
import type { Store } from '../../src/storage/log-store.js';
import { recordOf } from '../storage/growing-log.js';

const NO_TICKET: Uint8Array = new Uint8Array(0);

interface UploadParts {
  readonly packages?: number;
  readonly ticket?: Uint8Array;
}

export class UploadedLog {
  readonly origin: string;
  readonly key: VerifierKey;
  readonly #signer: Signer;
  readonly #hashes = new Map<string, Uint8Array>();
  /** Leaf i is this text and i. */
  readonly #recipe: string;

  constructor(origin: string, recipe = 'leaf-', signer = newSigner()) {
    this.origin = origin;
    this.#recipe = recipe;
    this.#signer = signer;
    const publicKey = this.#signer.publicKeyDer.slice(12);
    this.key = verifierKeyOf({ name: origin, type: SIGNATURE_TYPE.ed25519, publicKey });
  }

  /** The same log with another history. */
  forked(recipe: string): UploadedLog {
    return new UploadedLog(this.origin, recipe, this.#signer);
  }

  leaf(index: number): Uint8Array {
    return utf8(`${this.#recipe}${index}`);
  }

  /** Hash of the leaves [from, to): the definition of RFC 6962, remembered. */
  hash(from: number, to: number): Uint8Array {
    const name = `${from}-${to}`;
    const known = this.#hashes.get(name);
    if (known !== undefined) return known;
    const made = this.#make(from, to);
    this.#hashes.set(name, made);
    return made;
  }

  #make(from: number, to: number): Uint8Array {
    if (to === from) return sha256Of(new Uint8Array(0));
    if (to - from === 1) return leafHash(this.leaf(from));
    let half = 1;
    while (half * 2 < to - from) half *= 2;
    const parts = [this.hash(from, from + half), this.hash(from + half, to)] as const;
    return sha256Of(concatBytes(Uint8Array.of(1), ...parts));
  }

  checkpoint(
    size: number | bigint,
    root = this.hash(0, Number(size)),
    extensions: readonly string[] = [],
  ): string {
    const text = printCheckpoint({ origin: this.origin, size: BigInt(size), root, extensions });
    const { keyID } = this.key;
    const signature = this.#signer.sign(utf8(text));
    return printSignedNote({ text, signatures: [{ name: this.origin, keyID, signature }] });
  }

  /** Body of add-checkpoint. */
  submission(old: number, size: number, note = this.checkpoint(size)): string {
    const proof = this.#assemble(planConsistencyProof(old, size));
    return `${[`old ${old}`, ...proof.map(toBase64)].join('\n')}\n\n${note}`;
  }

  /** Body of add-entries, of the first `packages` packages. */
  upload(
    start: number,
    end: number,
    { packages = Number.POSITIVE_INFINITY, ticket = NO_TICKET }: UploadParts = {},
  ): Uint8Array {
    const origin = utf8(this.origin);
    const parts = [u16(origin.length), origin, u64(start), u64(end), u16(ticket.length), ticket];
    for (let from = start, sent = 0; from < end && sent < packages; sent++) {
      const aligned = from - (from % 256);
      const to = Math.min(end, aligned + 256);
      for (let i = from; i < to; i++) parts.push(u16(this.leaf(i).length), this.leaf(i));
      const proof = this.#assemble(planSubtreeProof(aligned, to, end));
      parts.push(Uint8Array.of(proof.length), ...proof);
      from = to;
    }
    return concatBytes(...parts);
  }

  /** Paths of the tiles and bundles of the tree of a size. */
  *tilePaths(size: number): Generator<string> {
    for (let level = -1, count = size; count > 0; level++) {
      for (let index = 0; index * TILE_WIDTH < count; index++) {
        const width = Math.min(TILE_WIDTH, count - index * TILE_WIDTH);
        yield tilePath({ level: level < 0 ? 'entries' : level, index, width });
      }
      if (level >= 0) count = Math.floor(count / TILE_WIDTH);
    }
  }

  /** Body of sign-subtree. */
  subtree(start: number, end: number, size: number, note: string): string {
    const proof = this.#assemble(planSubtreeProof(start, end, size));
    const lines = [`subtree ${start} ${end}`, ...[this.hash(start, end), ...proof].map(toBase64)];
    return `${lines.join('\n')}\n\n${note}`;
  }

  #assemble(plan: ProofPlan): Uint8Array[] {
    return plan.assemble(
      plan.nodes.map(({ level, index }) => this.hash(index * 2 ** level, (index + 1) * 2 ** level)),
    );
  }
}

/** Returns what a log serves at a path of a tile or bundle; it has all of them. */
export function tilesOf(log: UploadedLog, path: string): Uint8Array | undefined {
  const { level, index, width } = parseTilePath(path);
  const from = index * TILE_WIDTH;
  const places = Array.from({ length: width }, (_, i) => from + i);
  if (level === 'entries') return encodeEntryBundle(places.map((i) => log.leaf(i)));
  const leaves = TILE_WIDTH ** level;
  return concatBytes(...places.map((i) => log.hash(i * leaves, (i + 1) * leaves)));
}

export interface TestMirror {
  readonly url: string;
  readonly copies: readonly MirroredLog[];
  readonly cosigner: MirrorCosigner;
}

/** Notes in memory, which outlive a mirror. */
export function notesInMemory(): KeptNotes {
  let kept: readonly string[] = [];
  return {
    read: async () => kept,
    write: async (notes) => {
      kept = notes;
    },
  };
}

/** Where a mirror keeps the notes of a log: what is pending, and what was stated. */
export interface TestNotes {
  readonly pending: KeptNotes;
  readonly stated: KeptNotes;
}

export function mirrorNotes(): TestNotes {
  return { pending: notesInMemory(), stated: notesInMemory() };
}

export interface MirrorScene {
  readonly cosigner?: MirrorCosigner;
  readonly nowSeconds?: () => number;
  readonly contradicted?: (origin: string, notes: readonly string[]) => Promise<void>;
}

/** Serves copies of the logs from a store, each with its own place for notes. */
export async function startMirror(
  t: TestContext,
  store: Store,
  logs: readonly (readonly [UploadedLog, TestNotes])[],
  scene: MirrorScene = {},
): Promise<TestMirror> {
  const {
    cosigner = testCosigner(),
    nowSeconds = () => 1_800_000_000,
    contradicted = async () => {},
  } = scene;
  const copies: MirroredLog[] = [];
  const intakes = new Map<string, UploadIntake>();
  for (const [number, [{ origin, key }, notes]] of logs.entries()) {
    const treeID = BigInt(number + 1);
    const isThere = (await store.logs()).some((record) => record.treeID === treeID);
    if (!isThere) await store.createLog({ ...recordOf(treeID), origin, leavesRepeat: true });
    const { stated } = notes;
    const copy = await MirroredLog.open(origin, treeID, { store, stated, nowSeconds });
    const verifiers = [noteVerifier(key)];
    const pending = await PendingCheckpoints.load({
      origin,
      notes: notes.pending,
      stated: copy.stated?.note,
      verifiers,
      ticketSecret: new Uint8Array(32).fill(number),
    });
    const completion = new CopyCompletion({ copy, cosigners: [cosigner], nowSeconds });
    copies.push(copy);
    intakes.set(origin, new UploadIntake({ copy, pending, completion, verifiers }));
  }
  const faulted = (error: unknown) => {
    throw error;
  };
  const uploads = { contradicted };
  const app = createMirrorApp({
    copies,
    intakes,
    cosigners: [cosigner],
    uploads,
    completed: () => {},
    faulted,
  });
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, copies, cosigner };
}

/** A mirror key of type 6 that signs in line. */
export function testCosigner(name = 'mirror.example/m1'): MirrorCosigner {
  const { publicKey, secretKey } = mldsa44().keygen(new Uint8Array(32).fill(9));
  const key = verifierKeyOf({ name, type: SIGNATURE_TYPE.mldsa44Cosignature, publicKey });
  const lineOf = (statement: SubtreeStatement): SignatureLine => {
    const signature = mldsa44().sign(subtreeMessage(statement), secretKey);
    return {
      name,
      keyID: key.keyID,
      signature: printCosignature(statement.timeSeconds, signature),
    };
  };
  return {
    key,
    cosign: async (text, timeSeconds) => lineOf(checkpointStatement(name, timeSeconds, text)),
    signSubtree: async ({ origin, start, end, hash }) =>
      lineOf({ cosigner: name, timeSeconds: 0n, origin, start, end, hash }),
  };
}

export interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly text: string;
}

export async function addCheckpoint(url: string, body: string): Promise<Answer> {
  return answerOf(await fetch(`${url}/add-checkpoint`, { method: 'POST', body }));
}

export async function addEntries(
  url: string,
  body: Uint8Array,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const type = { 'Content-Type': 'application/octet-stream' };
  const request = { method: 'POST', body, headers: { ...type, ...headers } };
  return answerOf(await fetch(`${url}/add-entries`, request));
}

async function answerOf(response: Response): Promise<Answer> {
  const type = response.headers.get('content-type');
  return { status: response.status, type, text: await response.text() };
}

function newSigner(): Signer {
  return signerFromKey(generateKeyPairSync('ed25519').privateKey);
}

function u16(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 0xff);
}

function u64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
}

function sha256Of(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest());
}
