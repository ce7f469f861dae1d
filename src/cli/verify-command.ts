/** `stele verify`: is this entry, or bundle, in a log that I trust, and does it speak of my artifact? Offline. */

import { readFile } from 'node:fs/promises';
import { checkContent } from '../client/check-content.js';
import type { Claim } from '../client/claim.js';
import { readJson } from '../client/json-reader.js';
import { readApiEntries } from '../client/log-entry.js';
import { isSigstoreBundle, readSigstoreBundle } from '../client/sigstore-bundle.js';
import { readTrustedRoot, type TrustedLog, trustedLogOfPem } from '../client/trusted-log.js';
import {
  isVerified,
  type Trust,
  type VerificationStep,
  verifyLogEntry,
} from '../client/verify-entry.js';
import { isLogError } from '../errors.js';
import { verifyWithKey } from '../signing/signer.js';
import { EXIT, type ExitCode, OperationalError, type Output } from './output.js';

/** The options of `stele verify`; exactly one of `key` and `trustedRoot` is given. */
export interface VerifyOptions {
  readonly key?: string;
  readonly trustedRoot?: string;
  readonly artifact?: string;
  readonly signerKey?: string;
  readonly origin?: string;
  readonly predicateType?: string;
  readonly json?: boolean;
}

interface FileReport {
  readonly file: string;
  readonly verified: boolean;
  readonly steps: readonly VerificationStep[];
}

/** Verifies files and prints a report on each. Returns 0 when every one is verified, 1 when one is not. */
export async function verifyFiles(
  files: readonly string[],
  options: VerifyOptions,
  output: Output,
): Promise<ExitCode> {
  const trust: Trust = {
    logs: await trustedLogs(options),
    origin: options.origin,
    verifySignature: verifyWithKey,
  };
  const artifact = options.artifact === undefined ? undefined : await readBytes(options.artifact);
  const signerKey =
    options.signerKey === undefined ? undefined : await readBytes(options.signerKey);
  const { predicateType } = options;
  const reports: FileReport[] = [];
  for (const file of files) {
    const steps = await verifyDocument(await readText(file), trust, {
      artifact,
      signerKey,
      predicateType,
    });
    reports.push({ file, verified: isVerified(steps), steps });
  }
  if (options.json === true) output.line(JSON.stringify({ files: reports }));
  else for (const report of reports) printReport(report, output);
  return reports.every(({ verified }) => verified) ? EXIT.verified : EXIT.notVerified;
}

/** Returns what was checked of a document: an answer of the v1 API or a Sigstore bundle. */
export async function verifyDocument(
  text: string,
  trust: Trust,
  claim: Omit<Claim, 'bundle'>,
): Promise<readonly VerificationStep[]> {
  try {
    const document = readJson(text, 'document');
    const bundle = isSigstoreBundle(document) ? readSigstoreBundle(document) : undefined;
    const entries = bundle?.entries ?? readApiEntries(document);
    const steps: VerificationStep[] = [];
    for (const entry of entries) {
      steps.push(...verifyLogEntry(entry, trust));
      steps.push(...(await checkContent(entry, { bundle, ...claim })));
    }
    return steps;
  } catch (error) {
    if (!isLogError(error)) throw error;
    return [{ step: 'document', outcome: 'failed', detail: error.message }];
  }
}

const MARKS = { passed: 'ok  ', failed: 'FAIL', 'not checked': '-   ' } as const;

/** Prints steps, one a line. */
export function printSteps(steps: readonly VerificationStep[], output: Output): void {
  for (const { step, outcome, detail } of steps) {
    output.line(`  ${MARKS[outcome]} ${step}: ${printable(detail)}`);
  }
}

function printReport({ file, verified, steps }: FileReport, output: Output): void {
  output.line(`${file}: ${verified ? 'verified' : 'NOT VERIFIED'}`);
  printSteps(steps, output);
}

/** What comes from a file must not steer the terminal. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '?');
}

async function trustedLogs({ key, trustedRoot }: VerifyOptions): Promise<readonly TrustedLog[]> {
  const path = key ?? trustedRoot ?? '';
  const text = await readText(path);
  try {
    return key === undefined ? readTrustedRoot(readJson(text, path)) : [trustedLogOfPem(text)];
  } catch (cause) {
    if (!isLogError(cause)) throw cause;
    throw new OperationalError(`${path}: ${cause.message}`, { cause });
  }
}

async function readText(path: string): Promise<string> {
  return (await readBytes(path)).toString('utf8');
}

async function readBytes(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new OperationalError(`${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
}
