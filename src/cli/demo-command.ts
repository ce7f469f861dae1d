/**
 * `stele demo`: the whole way of an entry, in words: sign, submit, fetch, verify offline, try to cheat.
 *
 * In scope: the story, and the few requests that it makes. Out of scope: verification itself (client/,
 * merkle/). Without --url it runs a throw-away log in a temporary folder, which it removes.
 */

import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { countAt, hexAt, items, readJson, required, textAt } from '../client/json-reader.js';
import { trustedLogOfPem } from '../client/trusted-log.js';
import { verifyDocument } from '../client/verify-document.js';
import { isVerified, type Trust, type VerificationStep } from '../client/verify-entry.js';
import { utf8 } from '../encoding/bytes.js';
import { fromHex } from '../encoding/hex.js';
import { verifyConsistency } from '../merkle/verify.js';
import { parseCheckpoint } from '../note/checkpoint.js';
import { parseSignedNote } from '../note/signed-note.js';
import { verifyWithKey } from '../signing/signer.js';
import { EXIT, type ExitCode, OperationalError, type Output } from './output.js';
import { printSteps } from './verify-command.js';

/** Runs the demo and prints each step. Returns 0, or 1 as soon as a step fails. */
export async function runDemo(
  options: { readonly url?: string },
  output: Output,
): Promise<ExitCode> {
  const folder = await mkdtemp(join(tmpdir(), 'stele-demo-'));
  const stop: (() => Promise<void>)[] = [];
  try {
    let url = options.url?.replace(/\/+$/, '');
    if (url === undefined) {
      output.line('Starting a throw-away log of its own (with --url URL the demo uses yours) …');
      const log = await startThrowAwayLog(join(folder, 'data'));
      stop.push(log.close);
      url = log.url;
    }
    await tellStory(url, folder, output);
    output.line('\nEvery step succeeded.');
    return EXIT.verified;
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    output.line(`\nFAILED: ${error.message}`);
    return EXIT.notVerified;
  } finally {
    for (const close of stop) await close();
    await rm(folder, { recursive: true, force: true });
  }
}

class StepFailed extends Error {}

async function startThrowAwayLog(
  dataDir: string,
): Promise<{ url: string; close: () => Promise<void> }> {
  const [{ composeServer }, { readConfig }] = await Promise.all([
    import('../server/compose.js'),
    import('../server/config.js'),
  ]);
  const flags = { 'data-dir': dataDir, port: '0', 'metrics-port': '0', 'log-level': 'error' };
  const argv = Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
  const config = readConfig({
    argv,
    environment: {},
    readFile: (path) => {
      throw new OperationalError(`${path} is not read by the demo`);
    },
  });
  return composeServer(config);
}

async function tellStory(url: string, folder: string, output: Output): Promise<void> {
  const say = (title: string, detail: string) => output.line(`\n${title}\n  ${detail}`);

  const info = await request(url, 'GET', '/api/v1/log');
  const treeID = textAt(required(readJson(info.body, 'log'), 'treeID'));
  const publicKey = (await request(url, 'GET', '/api/v1/log/publicKey')).body;
  const trust: Trust = {
    logs: [trustedLogOfPem(publicKey)],
    origin: undefined,
    verifySignature: verifyWithKey,
  };
  say(
    `1. The log at ${url} is tree ${treeID}.`,
    'Its public key was fetched from itself, for the demo only: in earnest, get the key another way.',
  );

  const { privateKey, publicKey: signerKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const signerPem = signerKey.export({ type: 'spki', format: 'pem' }).toString();
  const artifact = Buffer.from(`A file made by the demo of Stele at ${new Date().toISOString()}\n`);
  await writeFile(join(folder, 'artifact.txt'), artifact);
  say(
    '2. A new P-256 key signs a new file.',
    `sha256:${sha256Hex(artifact)}, ${artifact.length} bytes`,
  );

  const created = await submit(url, artifact, privateKey, signerPem);
  say('3. The log took the signature in.', `entry ${created.entryID}, index ${created.logIndex}`);

  const fetched = await request(url, 'GET', `/api/v1/log/entries/${created.entryID}`);
  await writeFile(join(folder, 'entry.json'), fetched.body);
  say('4. The entry is fetched again with its proofs.', `${fetched.body.length} bytes of JSON`);

  output.line('\n5. From here on nothing is asked of the log: all is verified offline.');
  const steps = await verifyDocument(fetched.body, trust, { artifact, signerKey: utf8(signerPem) });
  printSteps(steps, output);
  demand(isVerified(steps), 'the entry does not verify');

  output.line('\n6. The same entry must not speak for another file, nor for another key.');
  await refuteForgeries(fetched.body, trust, artifact, signerPem, output);

  const grown = await submit(url, Buffer.from(`${created.entryID}\n`), privateKey, signerPem);
  const detail = await proveAppendOnly(url, created.body, grown.body);
  say('7. The log grew by appending only.', detail);

  const found = await request(url, 'POST', '/api/v1/index/retrieve', {
    hash: `sha256:${sha256Hex(artifact)}`,
  });
  const hits = items(readJson(found.body, 'search')).map(textAt);
  demand(hits.includes(created.entryID), 'the search does not find the entry');
  say('8. A search for the digest finds the entry.', hits.join(', '));
}

async function refuteForgeries(
  entry: string,
  trust: Trust,
  artifact: Uint8Array,
  signerPem: string,
  output: Output,
): Promise<void> {
  const otherKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey;
  const otherPem = otherKey.export({ type: 'spki', format: 'pem' }).toString();
  const otherFile = Buffer.concat([artifact, Buffer.from('.')]);
  for (const claim of [
    { artifact: otherFile, signerKey: utf8(signerPem) },
    { artifact, signerKey: utf8(otherPem) },
  ]) {
    const steps = await verifyDocument(entry, trust, claim);
    const failed = steps.filter(({ outcome }) => outcome === 'failed');
    demand(failed.length > 0, 'a forgery was not noticed');
    printRefusals(failed, output);
  }
}

function printRefusals(failed: readonly VerificationStep[], output: Output): void {
  for (const { detail } of failed) output.line(`  refused, as it must be: ${detail}`);
}

/** The checkpoints in two answers must be consistent; the roots are theirs, the hashes are the log's. */
async function proveAppendOnly(url: string, older: string, newer: string): Promise<string> {
  const [first, last] = [older, newer].map(checkpointOf);
  if (first === undefined || last === undefined) throw new StepFailed('a checkpoint is missing');
  const path = `/api/v1/log/proof?firstSize=${first.size}&lastSize=${last.size}`;
  const answer = readJson((await request(url, 'GET', path)).body, 'proof');
  try {
    verifyConsistency({
      first: Number(first.size),
      last: Number(last.size),
      firstRoot: first.root,
      lastRoot: last.root,
      proof: items(required(answer, 'hashes')).map(hexAt),
    });
  } catch (error) {
    throw new StepFailed(`the log was rewritten: ${(error as Error).message}`);
  }
  return `the tree of ${first.size} is the beginning of the tree of ${last.size}`;
}

function checkpointOf(entry: string) {
  const proof = required(required(onlyEntry(entry).entry, 'verification'), 'inclusionProof');
  return parseCheckpoint(parseSignedNote(textAt(required(proof, 'checkpoint'))).text);
}

function onlyEntry(body: string) {
  const answer = readJson(body, 'entry');
  const entryID = Object.keys(answer.value as object)[0] ?? '';
  return { entryID, entry: required(answer, entryID) };
}

async function submit(url: string, artifact: Uint8Array, key: KeyObject, signerPem: string) {
  const { status, body } = await request(url, 'POST', '/api/v1/log/entries', {
    kind: 'hashedrekord',
    apiVersion: '0.0.1',
    spec: {
      data: { hash: { algorithm: 'sha256', value: sha256Hex(artifact) } },
      signature: {
        content: sign('sha256', artifact, key).toString('base64'),
        publicKey: { content: Buffer.from(signerPem).toString('base64') },
      },
    },
  });
  demand(status === 201, `the log answered ${status} to a new entry`);
  const { entryID, entry } = onlyEntry(body);
  fromHex(entryID);
  return { entryID, body, logIndex: countAt(required(entry, 'logIndex')) };
}

async function request(
  url: string,
  method: 'GET' | 'POST',
  path: string,
  payload?: unknown,
): Promise<{ readonly status: number; readonly body: string }> {
  let status: number;
  let body: string;
  try {
    const response = await fetch(url + path, {
      method,
      signal: AbortSignal.timeout(30_000),
      ...(payload === undefined
        ? {}
        : { body: JSON.stringify(payload), headers: { 'content-type': 'application/json' } }),
    });
    status = response.status;
    body = await response.text();
  } catch (cause) {
    const reason = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
    throw new OperationalError(`${method} ${url}${path}: ${String(reason)}`, { cause });
  }
  demand(status < 300, `${method} ${path} was answered ${status}: ${body.trim().slice(0, 300)}`);
  return { status, body };
}

function sha256Hex(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function demand(condition: boolean, otherwise: string): asserts condition {
  if (!condition) throw new StepFailed(otherwise);
}
