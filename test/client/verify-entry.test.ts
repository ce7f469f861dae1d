import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, it } from 'node:test';
import { readJson } from '../../src/client/json-reader.js';
import { readApiEntries } from '../../src/client/log-entry.js';
import { trustedLogOfDer } from '../../src/client/trusted-log.js';
import { verifyDocument } from '../../src/client/verify-document.js';
import { isVerified, type Trust } from '../../src/client/verify-entry.js';
import { nodeHash } from '../../src/merkle/hash.js';
import { verifyWithKey } from '../../src/signing/signer.js';
import {
  type Answer,
  answerFor,
  artifact,
  b64,
  checkpoint,
  document,
  HOSTNAME,
  hashedrekordLeaf,
  hex,
  logSigner,
  newSigner,
  ORIGIN,
  publicPem,
  signerKey,
  TIME,
} from './made-log.js';

const trust: Trust = {
  logs: [trustedLogOfDer(logSigner.publicKeyDer)],
  origin: undefined,
  verifySignature: verifyWithKey,
};
const signerPem = publicPem(signerKey);
const leaf = hashedrekordLeaf(artifact);
const proof = (entry: Answer) => entry.verification.inclusionProof;

async function failedSteps(
  text: string,
  claim: { artifact?: Uint8Array; signerPem?: string } = {},
  by: Trust = trust,
): Promise<readonly string[]> {
  const steps = await verifyDocument(text, by, {
    artifact: claim.artifact,
    signerKey: claim.signerPem === undefined ? undefined : Buffer.from(claim.signerPem),
  });
  assert.equal(
    isVerified(steps),
    steps.every(({ outcome }) => outcome !== 'failed'),
  );
  return steps.filter(({ outcome }) => outcome === 'failed').map(({ step }) => step);
}

describe('an entry of an honest log', () => {
  it('verifies, with and without artifact and key', async () => {
    assert.deepEqual(await failedSteps(document(leaf)), []);
    assert.deepEqual(await failedSteps(document(leaf), { artifact, signerPem }), []);
    assert.deepEqual(await failedSteps(document(leaf), {}, { ...trust, origin: ORIGIN }), []);
  });

  it('verifies as an item of a list, as retrieve answers', async () => {
    assert.deepEqual(await failedSteps(`[${document(leaf)}]`), []);
  });

  it('does not verify with another artifact', async () => {
    const claim = { artifact: Buffer.from('something else'), signerPem };
    assert.deepEqual(await failedSteps(document(leaf), claim), ['body']);
  });

  it('does not verify with another signer', async () => {
    const other = publicPem(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
    assert.deepEqual(await failedSteps(document(leaf), { artifact, signerPem: other }), ['body']);
  });

  it('does not verify with another log key or origin', async () => {
    const other = { ...trust, logs: [trustedLogOfDer(newSigner().publicKeyDer)] };
    assert.deepEqual(await failedSteps(document(leaf), {}, other), ['log']);
    const elsewhere = { ...trust, origin: 'log.example - 1' };
    assert.deepEqual(await failedSteps(document(leaf), {}, elsewhere), ['checkpoint']);
  });
});

describe('a damaged answer does not verify:', () => {
  const otherRoot = nodeHash(Buffer.alloc(32, 1), Buffer.alloc(32, 2));
  const damages: Readonly<Record<string, readonly [(entry: Answer) => void, readonly string[]]>> = {
    'another body': [
      (entry) => {
        entry.body = b64(hashedrekordLeaf(Buffer.from('unrelated')));
      },
      ['entry ID', 'signed entry timestamp', 'inclusion proof'],
    ],
    'another time': [
      (entry) => {
        entry.integratedTime += 1;
      },
      ['signed entry timestamp'],
    ],
    'another index': [
      (entry) => {
        entry.logIndex = 0;
      },
      ['signed entry timestamp'],
    ],
    'a SET of another key': [
      (entry) => {
        entry.verification.signedEntryTimestamp = b64(newSigner().sign(Buffer.from('x')));
      },
      ['signed entry timestamp'],
    ],
    'no SET': [
      (entry) => {
        Reflect.deleteProperty(entry.verification, 'signedEntryTimestamp');
      },
      ['signed entry timestamp'],
    ],
    'no proof': [
      (entry) => {
        Reflect.deleteProperty(entry.verification, 'inclusionProof');
      },
      ['inclusion proof', 'checkpoint'],
    ],
    'another proof hash': [
      (entry) => {
        proof(entry).hashes = [hex(otherRoot)];
      },
      ['inclusion proof'],
    ],
    'one proof hash too many': [
      (entry) => {
        proof(entry).hashes.push(hex(otherRoot));
      },
      ['inclusion proof'],
    ],
    'a root that the checkpoint does not have': [
      (entry) => {
        proof(entry).rootHash = hex(otherRoot);
      },
      ['inclusion proof', 'checkpoint'],
    ],
    'a checkpoint of another root': [
      (entry) => {
        proof(entry).checkpoint = checkpoint(2, otherRoot);
      },
      ['checkpoint'],
    ],
    'a checkpoint of another size': [
      (entry) => {
        proof(entry).checkpoint = checkpoint(3, Buffer.from(proof(entry).rootHash, 'hex'));
      },
      ['checkpoint'],
    ],
    'a checkpoint signed by another key': [
      (entry) => {
        const root = Buffer.from(proof(entry).rootHash, 'hex');
        proof(entry).checkpoint = checkpoint(2, root, { signer: newSigner() });
      },
      ['checkpoint'],
    ],
    'a checkpoint whose line has another name than its origin': [
      (entry) => {
        const root = Buffer.from(proof(entry).rootHash, 'hex');
        proof(entry).checkpoint = checkpoint(2, root, { name: 'other.example' });
      },
      ['checkpoint'],
    ],
    'a checkpoint of another tree than the entry ID': [
      (entry) => {
        const root = Buffer.from(proof(entry).rootHash, 'hex');
        proof(entry).checkpoint = checkpoint(2, root, { origin: 'log.example - 7' });
      },
      ['entry ID'],
    ],
    'an unsigned checkpoint': [
      (entry) => {
        proof(entry).checkpoint = proof(entry).checkpoint.split('\n\n')[0] ?? '';
      },
      ['entry ID', 'checkpoint'],
    ],
  };
  for (const [name, [damage, expected]] of Object.entries(damages)) {
    it(name, async () => {
      assert.deepEqual(await failedSteps(document(leaf, damage)), expected);
    });
  }

  it('a log entry whose own signature is wrong, though the log vouches for it', async () => {
    const forged = JSON.parse(leaf.toString()) as {
      spec: { data: { hash: { value: string } } };
    };
    forged.spec.data.hash.value = '00'.repeat(32);
    assert.deepEqual(await failedSteps(document(Buffer.from(JSON.stringify(forged)))), ['body']);
  });

  it('an entry of a kind that cannot be compared, when there is something to compare', async () => {
    const strange = Buffer.from('{"apiVersion":"0.0.1","kind":"strange","spec":{}}');
    assert.deepEqual(await failedSteps(document(strange)), []);
    assert.deepEqual(await failedSteps(document(strange), { artifact, signerPem }), ['body']);
  });

  it('anything that is no entry', async () => {
    const broken = ['', '{', '[]', '{}', 'null', '7', '{"x":{}}', '{"__proto__":{}}', '[[]]'];
    for (const text of [...broken, '['.repeat(20_000)]) {
      assert.deepEqual(await failedSteps(text), ['document'], text.slice(0, 20));
    }
  });

  it('an entry with a member of any wrong type, or without it', async () => {
    const { entryID, entry } = answerFor(leaf);
    const paths: (readonly string[])[] = [];
    const walk = (value: unknown, path: readonly string[]): void => {
      if (path.length > 0) paths.push(path);
      if (typeof value !== 'object' || value === null) return;
      for (const [key, child] of Object.entries(value)) walk(child, [...path, key]);
    };
    walk(entry, []);
    assert.ok(paths.length > 10);
    for (const path of paths) {
      for (const wrong of [null, {}, [], 'x', -1, 1.5, true, '', 2 ** 53]) {
        const damaged = structuredClone(entry) as unknown as Record<string, unknown>;
        let holder = damaged;
        for (const key of path.slice(0, -1)) holder = holder[key] as Record<string, unknown>;
        holder[path.at(-1) ?? ''] = wrong;
        const failed = await failedSteps(JSON.stringify({ [entryID]: damaged }));
        assert.ok(failed.length > 0, `${path.join('.')} = ${JSON.stringify(wrong)}`);
      }
    }
  });
});

describe('trusted logs', () => {
  const entries = readApiEntries(readJson(document(leaf), 'document'));

  it('I16 CVE-2026-54787: are trusted only while their key is valid', async () => {
    const [log] = trust.logs;
    assert.ok(log !== undefined && entries.length === 1);
    const during = { ...log, validFromSeconds: TIME, validToSeconds: TIME };
    assert.deepEqual(await failedSteps(document(leaf), {}, { ...trust, logs: [during] }), []);
    for (const window of [
      { ...log, validFromSeconds: TIME + 1 },
      { ...log, validToSeconds: TIME - 1 },
    ]) {
      const by = { ...trust, logs: [window] };
      assert.deepEqual(await failedSteps(document(leaf), {}, by), ['time']);
    }
  });

  it('I16: are not trusted without a proved time once their key has an end', async () => {
    const [log] = trust.logs;
    assert.ok(log !== undefined);
    // A checkpoint without a tree ID is how other logs write it, which give no timestamps.
    const unsigned = document(leaf, (entry) => {
      const root = Buffer.from(proof(entry).rootHash, 'hex');
      proof(entry).checkpoint = checkpoint(2, root, { origin: HOSTNAME });
      Reflect.deleteProperty(entry.verification, 'signedEntryTimestamp');
    });
    assert.deepEqual(await failedSteps(unsigned), []);
    const ended = { ...trust, logs: [{ ...log, validToSeconds: TIME + 1 }] };
    assert.deepEqual(await failedSteps(unsigned, {}, ended), ['time']);
    assert.deepEqual(await failedSteps(document(leaf), {}, ended), []);
  });

  it('I16: are each trusted in their own time when they share a key', async () => {
    const [log] = trust.logs;
    assert.ok(log !== undefined);
    const ended = { ...log, host: HOSTNAME, validToSeconds: TIME - 1 };
    const other = { ...log, host: 'other.example' };
    const later = { ...log, host: HOSTNAME, validFromSeconds: TIME };
    for (const logs of [
      [ended, other],
      [other, ended],
    ]) {
      assert.deepEqual(await failedSteps(document(leaf), {}, { ...trust, logs }), ['checkpoint']);
    }
    assert.deepEqual(await failedSteps(document(leaf), {}, { ...trust, logs: [ended] }), ['time']);
    const both = { ...trust, logs: [ended, later] };
    assert.deepEqual(await failedSteps(document(leaf), {}, both), []);
  });

  it('must have the host that their checkpoints name', async () => {
    const [log] = trust.logs;
    assert.ok(log !== undefined);
    const right = { ...trust, logs: [{ ...log, host: 'log.example:3000' }] };
    assert.deepEqual(await failedSteps(document(leaf), {}, right), []);
    const wrong = { ...trust, logs: [{ ...log, host: 'example' }] };
    assert.deepEqual(await failedSteps(document(leaf), {}, wrong), ['checkpoint']);
  });
});
