/** Logs that tests sign themselves: a tree, its key, and the bodies that a client of a witness would send. */

import {
  createHash,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { toBase64 } from '../../src/encoding/base64.js';
import { utf8 } from '../../src/encoding/bytes.js';
import { EMPTY_ROOT, leafHash, nodeHash } from '../../src/merkle/hash.js';
import {
  type NoteVerifier,
  printSignedNote,
  type SignatureLine,
} from '../../src/note/signed-note.js';
import {
  noteKeyID,
  parseVerifierKey,
  printVerifierKey,
  SIGNATURE_TYPE,
  type VerifierKey,
} from '../../src/note/verifier-key.js';

export interface NoteChanges {
  readonly root?: Uint8Array;
  /** Text in place of the size. */
  readonly sizeText?: string;
  readonly extensions?: readonly string[];
  /** Lines behind that of the log. */
  readonly lines?: readonly SignatureLine[];
}

/** A log whose leaves from `forkAt` on differ from those of the same log without a fork. */
export class TestLog {
  readonly origin: string;
  readonly vkey: string;
  readonly #key: KeyObject;
  readonly #forkAt: number;
  readonly #known = new Map<string, Uint8Array>();

  constructor(origin: string, forkAt = Number.POSITIVE_INFINITY, keyNumber = 0) {
    this.origin = origin;
    this.#forkAt = forkAt;
    this.#key = keyOf(`${origin} ${keyNumber}`);
    const publicKey = publicBytes(this.#key);
    this.vkey = printVerifierKey({ name: origin, type: SIGNATURE_TYPE.ed25519, publicKey });
  }

  get key(): VerifierKey {
    return parseVerifierKey(this.vkey);
  }

  get verifier(): NoteVerifier {
    const { name, keyID } = this.key;
    const key = createPublicKey(this.#key);
    return { name, keyID, verify: (text, signature) => verify(null, text, key, signature) };
  }

  root(size: number): Uint8Array {
    return this.#hash(0, size);
  }

  /** RFC 6962's consistency proof. */
  proof(old: number, size: number): Uint8Array[] {
    return old === 0 || old === size ? [] : this.#subproof(old, 0, size, true);
  }

  text(size: number, { root = this.root(size), sizeText, extensions = [] }: NoteChanges = {}) {
    return `${[this.origin, sizeText ?? size, toBase64(root), ...extensions].join('\n')}\n`;
  }

  note(size: number, changes: NoteChanges = {}): string {
    return this.sign(this.text(size, changes), changes.lines);
  }

  sign(text: string, lines: readonly SignatureLine[] = []): string {
    return printSignedNote({ text, signatures: [this.line(text), ...lines] });
  }

  line(text: string): SignatureLine {
    const { name, keyID } = this.key;
    return { name, keyID, signature: new Uint8Array(sign(null, utf8(text), this.#key)) };
  }

  /** The body of add-checkpoint. */
  body(old: number, size: number, changes: NoteChanges = {}): string {
    return submission(`old ${old}`, this.proof(old, size), this.note(size, changes));
  }

  #hash(from: number, to: number): Uint8Array {
    if (from === to) return EMPTY_ROOT;
    const name = `${from}-${to}`;
    let hash = this.#known.get(name);
    if (hash === undefined) {
      const middle = from + split(to - from);
      hash =
        to - from === 1
          ? leafHash(utf8(from < this.#forkAt ? `leaf ${from}` : `forked leaf ${from}`))
          : nodeHash(this.#hash(from, middle), this.#hash(middle, to));
      this.#known.set(name, hash);
    }
    return hash;
  }

  #subproof(old: number, from: number, to: number, isKnown: boolean): Uint8Array[] {
    if (old === to) return isKnown ? [] : [this.#hash(from, to)];
    const middle = from + split(to - from);
    return old <= middle
      ? [...this.#subproof(old, from, middle, isKnown), this.#hash(middle, to)]
      : [...this.#subproof(old, middle, to, false), this.#hash(from, middle)];
  }
}

/** Returns the body of a request: first line, proof, empty line, note. */
export function submission(first: string, proof: readonly Uint8Array[], note: string): string {
  return `${[first, ...proof.map(toBase64)].join('\n')}\n\n${note}`;
}

/** Returns a line of a key that nobody knows. */
export function unknownLine(name: string, signatureBytes: number): SignatureLine {
  const keyID = noteKeyID(name, SIGNATURE_TYPE.ed25519, new Uint8Array(32));
  return { name, keyID, signature: new Uint8Array(signatureBytes).fill(7) };
}

function split(n: number): number {
  let k = 1;
  while (2 * k < n) k *= 2;
  return k;
}

const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

function keyOf(secret: string): KeyObject {
  const seed = createHash('sha256').update(secret).digest();
  return createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' });
}

function publicBytes(key: KeyObject): Uint8Array {
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return new Uint8Array(spki.subarray(-32));
}
