// Entries of v2 logs: those of public ones as they were recorded, and what becomes of them when one thing is damaged.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { verifyLogSignature } from '../../src/client/log-signature.js';
import {
  readTrustedRoot,
  type TrustedLog,
  trustedLogOfDer,
  trustedLogOfVerifierKey,
} from '../../src/client/trusted-log.js';
import { verifyDocument } from '../../src/client/verify-document.js';
import { fromBase64 } from '../../src/encoding/base64.js';
import { vectorLines } from '../vectors.js';

interface Recorded {
  readonly name: string;
  readonly origin: string;
  readonly publicKey: string;
  readonly logID: string;
  readonly vkey?: string;
  readonly tle: Tle;
}

interface Tle {
  logIndex?: unknown;
  logId: { keyId: string };
  kindVersion?: unknown;
  integratedTime?: string;
  inclusionPromise?: unknown;
  inclusionProof: {
    logIndex?: unknown;
    rootHash: string;
    treeSize: unknown;
    hashes?: string[];
    checkpoint?: { envelope: string };
  };
  canonicalizedBody: string;
}

const recorded = vectorLines<Recorded>('rekor-v2/log-entries.jsonl');
const named = (name: string) =>
  recorded.find((each) => each.name === name) ?? assert.fail(`no ${name}`);
const plain = named('hashedrekord-log2025-alpha1.rekor.sigstage.dev-29469');
const witnessed = named('log-witnessed');
const ofRsa = named('log-rsa-1');
const keyOf = ({ publicKey }: Recorded) => trustedLogOfDer(fromBase64(publicKey));

function rootOf(
  { publicKey, logID }: Recorded,
  baseUrl: string,
  validFor: Readonly<Record<string, string>> = { start: '2020-01-01T00:00:00Z' },
): readonly TrustedLog[] {
  const tlog = { baseUrl, publicKey: { rawBytes: publicKey, validFor }, logId: { keyId: logID } };
  return readTrustedRoot({ value: { tlogs: [tlog] }, path: 'root' });
}

/** Returns the steps as `outcome step: detail`. */
async function verify(
  tle: Tle,
  logs: readonly TrustedLog[],
  origin?: string,
): Promise<readonly string[]> {
  const trust = { logs, origin, verifySignature: verifyLogSignature };
  const steps = await verifyDocument(JSON.stringify(tle), trust, {});
  return steps.map(({ step, outcome, detail }) => `${outcome} ${step}: ${detail}`);
}

const failuresIn = (steps: readonly string[]) =>
  steps.filter((step) => step.startsWith('failed')).map((step) => step.slice('failed '.length));

async function failures(...args: Parameters<typeof verify>): Promise<readonly string[]> {
  return failuresIn(await verify(...args));
}

describe('entries of v2 logs, as recorded', () => {
  it('are of three key types, public and own, cosigned and alone in their tree', () => {
    assert.equal(recorded.length, 13);
  });

  for (const entry of recorded) {
    it(`verify by key, by trusted root and by verifier key: ${entry.name}`, async () => {
      assert.deepEqual(await failures(entry.tle, [keyOf(entry)]), []);
      assert.deepEqual(await failures(entry.tle, [keyOf(entry)], entry.origin), []);
      assert.deepEqual(await failures(entry.tle, rootOf(entry, `https://${entry.origin}`)), []);
      assert.deepEqual(
        await failures(entry.tle, rootOf(entry, `https://${entry.origin}:3000/`)),
        [],
      );
      if (entry.vkey === undefined || entry === ofRsa) return;
      assert.deepEqual(await failures(entry.tle, [trustedLogOfVerifierKey(entry.vkey)]), []);
    });
  }

  it('say that no time is proved', async () => {
    const steps = await verify(plain.tle, [keyOf(plain)]);
    assert.ok(steps.some((step) => /^not checked signed entry timestamp: .*no time/.test(step)));
  });

  it('verify as the fragment of a bundle, and without the members that are zero', async () => {
    const trust = { logs: [keyOf(ofRsa)], origin: undefined, verifySignature: verifyLogSignature };
    const tle = structuredClone(ofRsa.tle);
    for (const holder of [tle, tle.inclusionProof]) Reflect.deleteProperty(holder, 'logIndex');
    Reflect.deleteProperty(tle.inclusionProof, 'hashes');
    for (const document of [tle, { tlogEntries: [tle, ofRsa.tle] }]) {
      const steps = await verifyDocument(JSON.stringify(document), trust, {});
      assert.ok(steps.every(({ outcome }) => outcome !== 'failed'));
    }
    const none = await verifyDocument('{"tlogEntries":[]}', trust, {});
    assert.deepEqual(
      none.map(({ outcome }) => outcome),
      ['failed'],
    );
  });

  it('do not verify by the key of another log, under another origin or another host', async () => {
    assert.match((await failures(plain.tle, [keyOf(witnessed)])).join(), /^log: .*not trusted$/);
    const elsewhere = await failures(plain.tle, [keyOf(plain)], 'log.example');
    assert.deepEqual(elsewhere, [`checkpoint: its origin is ${plain.origin}, not log.example`]);
    for (const url of [
      'https://log.example',
      `https://x.${plain.origin}`,
      'https://sigstage.dev',
    ]) {
      const failed = await failures(plain.tle, rootOf(plain, url));
      assert.deepEqual(failed, [
        `checkpoint: its origin ${plain.origin} is not of the trusted host`,
      ]);
    }
    const { vkey = '' } = witnessed;
    const renamed = { ...trustedLogOfVerifierKey(vkey), keyName: 'log.example' };
    assert.match((await failures(witnessed.tle, [renamed])).join(), /is not of the trusted host/);
  });

  it('do not verify once the key has an end, or in a root whose window has no start', async () => {
    const window = { start: '2020-01-01T00:00:00Z', end: '2099-01-01T00:00:00Z' };
    const ended = await failures(plain.tle, rootOf(plain, `https://${plain.origin}`, window));
    assert.deepEqual(ended, ["time: the log's key has an end, and the entry no proved time"]);
    assert.throws(() => rootOf(plain, `https://${plain.origin}`, {}), /validFor has no start/);
  });
});

describe('the entry of another key of the same log', () => {
  // What an entry without a promise says of its log is signed by nobody.
  const unsigned = structuredClone(witnessed.tle);
  unsigned.logId.keyId = Buffer.alloc(32, 7).toString('base64');

  it('verifies by a verifier key, which names the log', async () => {
    const { vkey = '' } = witnessed;
    const steps = await verify(unsigned, [trustedLogOfVerifierKey(vkey)]);
    assert.deepEqual(failuresIn(steps), []);
    assert.ok(
      steps.includes('passed log: rekor-local, as its checkpoint says; its key is trusted'),
    );
  });

  it('does not verify by a bare key or a trusted root', async () => {
    for (const logs of [[keyOf(witnessed)], rootOf(witnessed, 'https://rekor-local')]) {
      assert.match((await failures(unsigned, logs)).join(), /^log: .*not trusted$/);
    }
  });
});

const proofOf = (tle: Tle) => tle.inclusionProof;
const envelopeOf = (tle: Tle) => proofOf(tle).checkpoint ?? assert.fail('no checkpoint');
function edit(change: (note: string) => string): (tle: Tle) => void {
  return (tle) => {
    const before = envelopeOf(tle).envelope;
    envelopeOf(tle).envelope = change(before);
    assert.notEqual(envelopeOf(tle).envelope, before);
  };
}
/** Returns the note with the first line of this name changed after its base64 was decoded. */
function editLine(name: string, change: (line: Buffer) => void): (note: string) => string {
  return (note) =>
    note.replace(new RegExp(`(— ${name} )(\\S+)`), (_, head: string, text: string) => {
      const line = Buffer.from(text, 'base64');
      change(line);
      return `${head}${line.toString('base64')}`;
    });
}
const flip = (at: number) => (line: Buffer) => {
  line[at] = (line[at] ?? 0) ^ 1;
};

describe('a damaged entry does not verify:', () => {
  const damages: Readonly<Record<string, readonly [(tle: Tle) => void, readonly RegExp[]]>> = {
    'another body': [
      (tle) => {
        tle.canonicalizedBody = plain.tle.canonicalizedBody;
      },
      [/^inclusion proof: /],
    ],
    'another index': [
      (tle) => {
        tle.logIndex = '260';
      },
      [/^inclusion proof: the entry is 260, the proof of 261$/],
    ],
    'another index throughout': [
      (tle) => {
        tle.logIndex = '260';
        proofOf(tle).logIndex = '260';
      },
      [/^inclusion proof: /],
    ],
    'a negative index': [
      (tle) => {
        tle.logIndex = '-261';
      },
      [/^document: document.logIndex is not a whole number/],
    ],
    'another proof hash': [
      (tle) => {
        proofOf(tle).hashes?.splice(0, 1, Buffer.alloc(32).toString('base64'));
      },
      [/^inclusion proof: /],
    ],
    'one proof hash too few': [
      (tle) => {
        proofOf(tle).hashes?.pop();
      },
      [/^inclusion proof: /],
    ],
    'another root': [
      (tle) => {
        proofOf(tle).rootHash = Buffer.alloc(32).toString('base64');
      },
      [/^inclusion proof: /, /^checkpoint: it is for another tree size or root than the proof$/],
    ],
    'another tree size': [
      (tle) => {
        proofOf(tle).treeSize = '263';
      },
      [/^inclusion proof: /, /^checkpoint: it is for another tree size or root than the proof$/],
    ],
    'no checkpoint': [
      (tle) => {
        Reflect.deleteProperty(proofOf(tle), 'checkpoint');
      },
      [/^document: document.inclusionProof has no checkpoint$/],
    ],
    'no proof': [
      (tle) => {
        Reflect.deleteProperty(tle, 'inclusionProof');
      },
      // Without the checkpoint nothing says under which name the key would have that ID.
      [/^log: the entry is of log .* not trusted$/],
    ],
    'a checkpoint of another size and root, signed by the log': [
      (tle) => {
        envelopeOf(tle).envelope = envelopeOf(named('hashedrekord-rekor-local-3').tle).envelope;
      },
      [/^checkpoint: it is for another tree size or root than the proof$/],
    ],
    'a signature with one bit flipped': [
      edit(editLine('rekor-local', flip(40))),
      [/^checkpoint: the signature of rekor-local does not verify$/],
    ],
    'a key hint with one bit flipped': [
      edit(editLine('rekor-local', flip(2))),
      [/^checkpoint: the note has no signature of a known key$/],
    ],
    "no line of the log's": [
      edit((note) => note.replace(/— rekor-local \S+\n/, '')),
      [/^checkpoint: the note has no signature of a known key$/],
    ],
    'no signature line': [
      edit((note) => note.slice(0, note.indexOf('\n\n') + 2)),
      [/^log: the entry is of log .* not trusted$/],
    ],
    'a second line of the log that is wrong': [
      edit((note) => note + editLine('rekor-local', flip(40))(note).split('\n\n')[1]),
      [/^checkpoint: the signature of rekor-local does not verify$/],
    ],
    'another origin': [
      edit((note) => note.replace(/^rekor-local/, 'rekor-remote')),
      [/^log: the entry is of log .* not trusted$/],
    ],
    'a tree ID behind the origin': [
      edit((note) => note.replace(/^rekor-local/, 'rekor-local - 7')),
      [
        /^signed entry timestamp: there is none$/,
        /^checkpoint: the signature of rekor-local does not verify$/,
      ],
    ],
    'an empty line in the checkpoint': [
      edit((note) => note.replace('\n262\n', '\n262\n\n')),
      [/^log: the entry is of log .* not trusted$/],
    ],
    'an extension line': [
      edit((note) => note.replace('\n\n', '\nmore\n\n')),
      [/^checkpoint: the signature of rekor-local does not verify$/],
    ],
    'an ID of four bytes': [
      (tle) => {
        tle.logId.keyId = Buffer.from(tle.logId.keyId, 'base64').subarray(0, 4).toString('base64');
      },
      [/^log: the entry is of log [0-9a-f]{8}, which is not trusted$/],
    ],
    'another kind than the body has': [
      (tle) => {
        tle.kindVersion = { kind: 'dsse', version: '0.0.2' };
      },
      [/^document: document.kindVersion is dsse 0.0.2, the body is not$/],
    ],
    'no kind': [
      (tle) => {
        Reflect.deleteProperty(tle, 'kindVersion');
      },
      [/^document: document has no kindVersion$/],
    ],
    'a promise that nobody made': [
      (tle) => {
        tle.integratedTime = '1700000000';
        tle.inclusionPromise = { signedEntryTimestamp: Buffer.alloc(64).toString('base64') };
      },
      [/^signed entry timestamp: it is not a signature of the log over this entry$/],
    ],
  };
  for (const [name, [damage, expected]] of Object.entries(damages)) {
    it(name, async () => {
      const tle = structuredClone(witnessed.tle);
      damage(tle);
      const found = await failures(tle, [keyOf(witnessed)]);
      assert.equal(found.length, expected.length, found.join('\n'));
      for (const [at, pattern] of expected.entries()) assert.match(found[at] ?? '', pattern);
    });
  }
});

describe('an entry verifies whatever else stands in it:', () => {
  const additions: Readonly<Record<string, (tle: Tle) => void>> = {
    'the line of a witness first': edit((note) =>
      note.replace(/(— rekor-local \S+\n)(— \S+ \S+\n)/, '$2$1'),
    ),
    'the line of a witness many times': edit(
      (note) => note + (note.split('\n').at(-2) ?? '').concat('\n').repeat(20),
    ),
    "a line in the log's name by a key that nobody knows": edit((note) =>
      note.replace('\n\n', `\n\n— rekor-local ${Buffer.alloc(68, 9).toString('base64')}\n`),
    ),
    'a time that nobody signed': (tle) => {
      tle.integratedTime = '1700000000';
    },
    'sizes and indexes as numbers': (tle) => {
      tle.logIndex = 261;
      proofOf(tle).treeSize = 262;
    },
  };
  for (const [name, add] of Object.entries(additions)) {
    it(name, async () => {
      const tle = structuredClone(witnessed.tle);
      add(tle);
      assert.deepEqual(await failures(tle, [keyOf(witnessed)]), []);
    });
  }

  it('but that time is not believed', async () => {
    const tle = { ...structuredClone(witnessed.tle), integratedTime: '1700000000' };
    const window = { start: '2020-01-01T00:00:00Z', end: '2099-01-01T00:00:00Z' };
    const ended = await failures(tle, rootOf(witnessed, 'https://rekor-local', window));
    assert.deepEqual(ended, ["time: the log's key has an end, and the entry no proved time"]);
  });
});

describe('an entry with a member of another type, or without it', () => {
  // Nobody signs them, and of zeros it makes no difference whether they are there.
  const free = new Set(['integratedTime', 'inclusionPromise']);

  it('fails, and never throws', async () => {
    const paths: (readonly string[])[] = [];
    const walk = (value: unknown, path: readonly string[]): void => {
      if (path.length > 0) paths.push(path);
      if (typeof value !== 'object' || value === null) return;
      for (const [key, child] of Object.entries(value)) walk(child, [...path, key]);
    };
    walk(witnessed.tle, []);
    assert.ok(paths.length > 15);
    for (const path of paths) {
      for (const wrong of [undefined, null, {}, [], 'x', -1, 1.5, true, '', 2 ** 53]) {
        const damaged = structuredClone(witnessed.tle) as unknown as Record<string, unknown>;
        let holder = damaged;
        for (const key of path.slice(0, -1)) holder = holder[key] as Record<string, unknown>;
        holder[path.at(-1) ?? ''] = wrong;
        const failed = await failures(damaged as unknown as Tle, [keyOf(witnessed)]);
        const isFree = free.has(path[0] ?? '') && failed.length === 0;
        assert.ok(isFree || failed.length > 0, `${path.join('.')} = ${JSON.stringify(wrong)}`);
      }
    }
  });
});
