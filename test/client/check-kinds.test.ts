import assert from 'node:assert/strict';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { describe, it } from 'node:test';
import { trustedLogOfDer } from '../../src/client/trusted-log.js';
import { verifyDocument } from '../../src/client/verify-document.js';
import { isVerified, type Trust } from '../../src/client/verify-entry.js';
import { verifyWithKey } from '../../src/signing/signer.js';
import { forgeKey, forgeRing } from '../pki/pgp-forge.js';
import { b64, document, hashedrekordLeaf, logSigner, publicPem } from './made-log.js';
import { MATERIAL_FORMS, type RecordedMaterial, recordedMaterial } from './recorded-material.js';

const trust: Trust = {
  logs: [trustedLogOfDer(logSigner.publicKeyDer)],
  origin: undefined,
  verifySignature: verifyWithKey,
};

interface Claims {
  readonly artifact?: Uint8Array | undefined;
  readonly signerKey?: Uint8Array | undefined;
  readonly predicateType?: string | undefined;
}

/** Returns `verified`, or why not. The log's own evidence is right, so only the body can fail. */
async function outcome(leaf: Uint8Array, claims: Claims): Promise<string> {
  const steps = await verifyDocument(document(leaf), trust, claims);
  const failed = steps.filter((step) => step.outcome === 'failed');
  assert.equal(isVerified(steps), failed.length === 0);
  assert.ok(failed.every(({ step }) => step === 'body'));
  return failed.length === 0 ? 'verified' : failed.map(({ detail }) => detail).join('; ');
}

async function assertUnverified(leaf: Uint8Array, claims: Claims, what: string): Promise<void> {
  assert.notEqual(await outcome(leaf, claims), 'verified', what);
}

/** Valid entries that cannot be verified again, by the reason. */
const NOT_COMPARABLE: readonly (readonly [RegExp, RegExp])[] = [
  [/^cose 0.0.1 aad$/, /external data cannot be compared/],
  [/ (v\d-)?notstmt$| url(payload|sig)$/, /payload is not JSON/],
];

const freshX509 = Buffer.from(
  publicPem(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey),
);
const materials = new Map(MATERIAL_FORMS.map((form) => [form, recordedMaterial(form)]));

/** Returns a key of the same format that is another signer's. */
function anotherKey({ format, key }: RecordedMaterial): Uint8Array {
  if (format === 'x509') return freshX509;
  if (format === 'pgp') return forgeRing(forgeKey(77));
  const others = [...materials.values()].flat().filter((one) => one.format === format);
  const other = others.find(
    (one) => one.key !== undefined && b64(one.key) !== b64(key ?? freshX509),
  );
  return other?.key ?? freshX509;
}

for (const [form, recorded] of materials) {
  describe(`${form} entries`, () => {
    const [first] = recorded;
    assert.ok(first !== undefined && recorded.length >= 3, form);

    it('verify with the artifact and key that they are of, all that were recorded', async () => {
      for (const { name, leaf, artifact, key } of recorded) {
        const expected = NOT_COMPARABLE.find(([of]) => of.test(name))?.[1] ?? /^verified$/;
        assert.match(await outcome(leaf, { artifact, signerKey: key }), expected, name);
        assert.equal(await outcome(leaf, {}), 'verified', name);
      }
    });

    it('I12 CVE-2026-22703: do not speak for an artifact that another valid entry is of', async () => {
      let pairs = 0;
      for (const [at, { name, leaf, artifact }] of recorded.entries()) {
        const other = recorded[(at + 1) % recorded.length] as RecordedMaterial;
        if (b64(other.artifact) === b64(artifact)) continue;
        pairs++;
        await assertUnverified(leaf, { artifact: other.artifact }, `${name}, ${other.name}`);
      }
      assert.ok(pairs >= 2, `${pairs} pairs`);
    });

    it('do not speak for another key', async () => {
      for (const material of recorded) {
        const { name, leaf, artifact } = material;
        const signerKey = anotherKey(material);
        await assertUnverified(leaf, { artifact, signerKey }, name);
        await assertUnverified(leaf, { signerKey }, name);
      }
    });

    it('do not speak for a part of their artifact, nor for nothing', async () => {
      for (const { name, leaf, artifact } of recorded) {
        const middle = artifact.length >> 1;
        for (const part of [artifact.subarray(0, middle), artifact.subarray(middle), Buffer.of()]) {
          await assertUnverified(leaf, { artifact: part }, `${name}, ${part.length} bytes`);
        }
      }
    });

    it('do not speak for the artifact of another kind', async () => {
      for (const [otherForm, [other]] of materials) {
        if (other === undefined || isOfTheSame(form, otherForm)) continue;
        await assertUnverified(first.leaf, { artifact: other.artifact }, other.name);
        if (other.key === undefined || other.format === first.format) continue;
        await assertUnverified(first.leaf, { signerKey: other.key }, other.name);
      }
      await assertUnverified(hashedrekordLeaf(Buffer.from('x')), first, first.name);
    });

    it('I13 CVE-2022-35929: do not pass for a predicate that was not compared', async () => {
      await assertUnverified(first.leaf, { predicateType: 'https://slsa.dev/provenance/v1' }, form);
    });

    it('I22 cosign#1648: fail when a member has another type or is missing', async () => {
      const claims = { artifact: first.artifact, signerKey: first.key };
      for (const [path, damaged] of damagedBodies(first.leaf)) {
        // The client's word for the envelope, which no log has ever checked.
        if (form === 'intoto 0.0.2' && path.startsWith('spec.content.hash.value')) continue;
        await assertUnverified(damaged, claims, path);
      }
    });
  });
}

/** What is recorded of one kind may be of another: an envelope is an envelope, and a file was stamped and signed. */
function isOfTheSame(form: string, other: string): boolean {
  const isEnvelope = (one: string) => /^(dsse|intoto) /.test(one);
  if (isEnvelope(form)) return isEnvelope(other);
  return form === other || (form.startsWith('rfc3161') && other.startsWith('rekord'));
}

describe('a certificate in an entry', () => {
  it('and the bare key in it are the same signer', async () => {
    let count = 0;
    for (const { name, leaf, key, format } of [...materials.values()].flat()) {
      if (format !== 'x509' || key === undefined) continue;
      if (!Buffer.from(key).includes('BEGIN CERTIFICATE')) continue;
      const { publicKey } = new X509Certificate(key);
      const signerKey = Buffer.from(publicKey.export({ type: 'spki', format: 'pem' }));
      assert.equal(await outcome(leaf, { signerKey }), 'verified', name);
      count++;
    }
    assert.ok(count >= 5, `${count} certificates`);
  });
});

/** Returns the leaf with one member at a time of another type, or removed. */
function damagedBodies(leaf: Uint8Array): (readonly [string, Uint8Array])[] {
  const body: unknown = JSON.parse(Buffer.from(leaf).toString());
  const found: (readonly [string, Uint8Array])[] = [];
  const walk = (path: readonly string[], value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [name, child] of Object.entries(value)) {
      for (const wrong of [undefined, null, [], 7, '']) {
        const copy = structuredClone(body);
        const holder = path.reduce((at, step) => Reflect.get(at as object, step), copy);
        Reflect.set(holder as object, name, wrong);
        found.push([`${[...path, name].join('.')} = ${wrong}`, Buffer.from(JSON.stringify(copy))]);
      }
      walk([...path, name], child);
    }
  };
  walk([], body);
  assert.ok(found.length >= 20);
  return found;
}

describe('entries of a kind that is not known', () => {
  const strange = [
    { apiVersion: '0.0.1', kind: 'strange', spec: {} },
    { apiVersion: '0.0.2', kind: 'rpm', spec: {} },
    { apiVersion: '0.0.1', kind: 'constructor', spec: {} },
    { apiVersion: '0.0.1', kind: '__proto__', spec: {} },
  ];

  it('I22: fail as soon as anything is claimed of them', async () => {
    for (const body of strange) {
      const leaf = Buffer.from(JSON.stringify(body));
      assert.equal(await outcome(leaf, {}), 'verified');
      for (const claims of [
        { artifact: leaf },
        { artifact: Buffer.of() },
        { signerKey: freshX509 },
        { predicateType: '' },
      ]) {
        assert.match(await outcome(leaf, claims), /cannot compare/);
      }
    }
  });
});
