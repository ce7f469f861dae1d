/**
 * Provenance files of Helm charts: https://helm.sh/docs/topics/provenance/
 *
 * A clear-signed text: the chart's description in YAML, a line of three dots, and the sums of its files in YAML. In
 * scope: taking it apart. Out of scope: who signed it (v001.ts), YAML (sum-collection.ts).
 */

import { Buffer } from 'node:buffer';
import { LogError } from '../../errors.js';
import { readClearSigned } from '../../pki/pgp/clear-signed.js';
import { readSums } from './sum-collection.js';

/** A provenance file as read; nothing in it is checked yet. */
export interface Provenance {
  /** What is signed. */
  readonly signedBytes: Uint8Array;
  /** The signature in binary form. */
  readonly signature: Uint8Array;
  /** `algorithm:hex` by the name of the file, in the order of the document; undefined when there is none. */
  readonly files: ReadonlyMap<string, string> | undefined;
  /** The chart's name and the names of the files, as far as they are there. */
  readonly names: readonly string[];
}

/** A sum as the file has it, letter case kept: it goes into the leaf as it came. */
export interface ChartHash {
  readonly algorithm: string;
  readonly value: string;
}

/** Longest provenance file, bytes. Rekor has no bound. */
export const MAX_PROVENANCE_LENGTH = 1 << 20;

const SEPARATOR = '\n...\n';
/** The chart's name as `helm package` writes it. The description is not read as YAML: nothing depends on it. */
const CHART_NAME = /^name: ["']?([A-Za-z0-9._-]+)["']?$/m;

/** Returns what a provenance file holds. Throws ENTRY_MALFORMED with Rekor's reason. */
export async function readProvenance(content: Uint8Array): Promise<Provenance> {
  if (content.length === 0) throw malformed('provenance file contains no content');
  if (content.length > MAX_PROVENANCE_LENGTH) {
    throw malformed(`provenance file is longer than ${MAX_PROVENANCE_LENGTH} bytes`);
  }
  const message = readClearSigned(content);
  if (message === undefined) throw malformed('unable to decode provenance file');
  const text = Buffer.from(message.text).toString('latin1');
  const [description, sums] = text.split(SEPARATOR).map((part) => Buffer.from(part, 'latin1'));
  if (description === undefined || sums === undefined) {
    throw malformed(
      'error occurred parsing message block: message block must have at least two parts',
    );
  }
  const files = await readSums(sums);
  if (message.signatureFault !== undefined) {
    throw new LogError(
      'SIGNATURE_INVALID',
      `unable to read PGP signature: ${message.signatureFault}`,
    );
  }
  const chartName = CHART_NAME.exec(description.toString('latin1'))?.[1];
  return {
    signedBytes: message.signedBytes,
    signature: message.signature,
    files,
    names: [...(chartName === undefined ? [] : [chartName]), ...(files?.keys() ?? [])],
  };
}

/**
 * Returns the sum that the entry is stored under: that of the first file in the document, where Rekor takes any.
 * Throws ENTRY_MALFORMED when there is none, or when it is no `algorithm:hex`.
 */
export function chartHash(files: Provenance['files']): ChartHash {
  if (files === undefined) throw malformed('unable to locate chart hash');
  const [first] = files.values();
  if (first === undefined) throw malformed('no checksums found');
  const [algorithm, value, more] = first.split(':');
  if (algorithm === undefined || value === undefined || more !== undefined) {
    throw malformed('invalid hash found in Provenance file');
  }
  return { algorithm, value };
}

function malformed(reason: string): LogError {
  return new LogError('ENTRY_MALFORMED', reason);
}
