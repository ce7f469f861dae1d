/** `stele verify`: is this entry, or bundle, in a log that I trust, and does it speak of my artifact? Offline. */

import { readFile } from 'node:fs/promises';
import { readJson } from '../client/json-reader.js';
import { verifyLogSignature } from '../client/log-signature.js';
import { readTimestampAuthorities } from '../client/timestamp-token.js';
import { readTrustedRoot, trustedLogsOfKeys } from '../client/trusted-log.js';
import { type DocumentTrust, verifyDocument } from '../client/verify-document.js';
import { isVerified, type VerificationStep } from '../client/verify-entry.js';
import { isLogError } from '../errors.js';
import { EXIT, type ExitCode, OperationalError, type Output } from './output.js';

/** The options of `stele verify`; exactly one of `key` and `trustedRoot` is given. */
export interface VerifyOptions {
  readonly key?: string;
  readonly trustedRoot?: string;
  readonly artifact?: string;
  readonly signerKey?: string;
  readonly signature?: string;
  readonly body?: string;
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
  const trust = await readTrust(options);
  const given = {
    artifact: await readGiven(options.artifact),
    signerKey: await readGiven(options.signerKey),
    signature: await readGiven(options.signature),
    body: await readGiven(options.body),
    predicateType: options.predicateType,
  };
  const reports: FileReport[] = [];
  for (const file of files) {
    const steps = await verifyDocument(await readText(file), trust, given);
    reports.push({ file, verified: isVerified(steps), steps });
  }
  if (options.json === true) output.line(JSON.stringify({ files: reports }));
  else for (const report of reports) printReport(report, output);
  return reports.every(({ verified }) => verified) ? EXIT.verified : EXIT.notVerified;
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

async function readTrust({ key, trustedRoot, origin }: VerifyOptions): Promise<DocumentTrust> {
  const path = key ?? trustedRoot ?? '';
  const text = await readText(path);
  try {
    const root = key === undefined ? readJson(text, path) : undefined;
    return {
      logs: root === undefined ? trustedLogsOfKeys(text) : readTrustedRoot(root),
      authorities: root === undefined ? [] : readTimestampAuthorities(root),
      origin,
      verifySignature: verifyLogSignature,
    };
  } catch (cause) {
    if (!isLogError(cause)) throw cause;
    throw new OperationalError(`${path}: ${cause.message}`, { cause });
  }
}

async function readGiven(path: string | undefined): Promise<Buffer | undefined> {
  return path === undefined ? undefined : await readBytes(path);
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
