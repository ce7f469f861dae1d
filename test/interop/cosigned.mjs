// What a policy makes of a note or a proof: judged by our own code and by torchwood's, which must agree.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cosignersOf, witnessesOf } from '../../dist/src/note/cosigners.js';
import { isQuorumMet, parsePolicy } from '../../dist/src/note/policy.js';
import { openSignedNote, parseSignedNote } from '../../dist/src/note/signed-note.js';
import { noteVerifier } from '../../dist/src/signing/note-verifier.js';
import { TORCHWOOD_CHECK } from './witness-tools.mjs';

/**
 * Returns a policy of these witnesses that wants `rule` of them: any, all or a number. Of a witness with several keys it
 * wants them all.
 */
export function policyOf(witnesses, rule, { tileVkey }) {
  const lines = [`log ${tileVkey}`];
  const groups = witnesses.map(({ url, vkeys }, index) => {
    const keys = vkeys.map((_, key) => `w${index}k${key}`);
    vkeys.forEach((vkey, key) => {
      lines.push(`witness ${keys[key]} ${vkey} ${url}`);
    });
    lines.push(`group w${index} all ${keys.join(' ')}`);
    return `w${index}`;
  });
  lines.push(`group witnesses ${rule} ${groups.join(' ')}`, 'quorum witnesses');
  return `${lines.join('\n')}\n`;
}

/** Returns { size, root, names } of a checkpoint, names in the order of its lines. */
export function readCheckpoint(note) {
  const { text, signatures } = parseSignedNote(note);
  const [, size, root] = text.split('\n');
  return { size: Number(size), root, names: signatures.map(({ name }) => name) };
}

/** Passes when both find that the note is the log's and meets the policy. */
export async function assertCosigned(policyText, note) {
  assert.equal(isMetBy(policyText, note), true, note);
  const { exit, output } = await torchwoodCheck(policyText, 'checkpoint', note);
  assert.equal(exit, 0, output);
  assert.equal(output, parseSignedNote(note).text);
}

/** Passes when both find that the note is the log's and does not meet the policy. */
export async function assertNotCosigned(policyText, note) {
  assert.equal(isMetBy(policyText, note), false, note);
  const { exit, output } = await torchwoodCheck(policyText, 'checkpoint', note);
  assert.notEqual(exit, 0, output);
}

/** Passes when torchwood finds the leaf in the tree, and the proof's checkpoint to meet the policy. */
export async function assertProven(policyText, proof, leafHash) {
  const { exit, output } = await torchwoodCheck(policyText, 'proof', proof, leafHash);
  assert.equal(exit, 0, `${output}${proof}`);
}

function isMetBy(policyText, text) {
  const policy = parsePolicy(policyText);
  const note = parseSignedNote(text);
  openSignedNote(
    note,
    policy.logs.map(({ key }) => noteVerifier(key)),
  );
  const cosigners = cosignersOf(note, witnessesOf(policy, noteVerifier));
  return isQuorumMet(policy, (name) => cosigners.has(name));
}

function torchwoodCheck(policyText, what, text, ...more) {
  const folder = mkdtempSync(join(tmpdir(), 'stele-interop-'));
  const [policy, file] = ['policy', 'file'].map((name) => join(folder, name));
  writeFileSync(policy, policyText);
  writeFileSync(file, text);
  return new Promise((resolve) => {
    execFile(TORCHWOOD_CHECK, [policy, what, file, ...more], (error, stdout, stderr) => {
      rmSync(folder, { recursive: true });
      resolve({ exit: error === null ? 0 : (error.code ?? 1), output: stdout + stderr });
    });
  });
}
