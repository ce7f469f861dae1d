// Tessera's tools, unmodified, as .ci/run builds them.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toolPath } from './tools.mjs';

const VERSION = '1.0.4';

/** The path of the checker of logs. */
export const FSCK = toolPath('STELE_FSCK', `tessera-fsck-${VERSION}`, 'fsck');

/** The path of the program that copies a log into a folder. */
export const MIRROR = toolPath('STELE_TESSERA_MIRROR', `tessera-mirror-${VERSION}`, 'posix');

/** The path of the program that writes a log into a folder. */
export const ONESHOT = toolPath(
  'STELE_TESSERA_ONESHOT',
  `tessera-oneshot-${VERSION}`,
  'posix-oneshot',
);

/** The path of tessera-upload/main.go, compiled: the client for mirrors is newer than the newest release. */
export const UPLOAD = toolPath(
  'STELE_TESSERA_UPLOAD',
  'tessera-upload-1.0.5-0.20260821100830-1811ae1a7c40',
  'tessera-upload',
);

/** The path of Tessera's server for uploads, which is newer than the newest release as well. */
export const MTC_MIRROR = toolPath(
  'STELE_MTC_MIRROR',
  'mtc-mirror-1.0.5-0.20260812104009-542fdc5c247e',
  'mtc-mirror',
);

/**
 * Returns the size of the log at `url` that fsck is content with, undefined when it is not, and what it says. It exits 0 on
 * failure too and may hang on a damaged tile: only its success line counts.
 */
export async function fsck(url, vkey, { origin, timeoutMs } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'stele-interop-'));
  const keyFile = join(folder, 'vkey');
  writeFileSync(keyFile, `${vkey}\n`);
  const named = origin === undefined ? [] : ['--origin', origin];
  const args = ['--ui=false', '-N', '4', `--storage_url=${url}/`, `--public_key=${keyFile}`];
  const output = await outputOf(FSCK, [...args, ...named], timeoutMs);
  rmSync(folder, { recursive: true });
  const [, size] = /Successfully fsck'd log with size (\d+) and root /.exec(output) ?? [];
  return { size: size === undefined ? undefined : Number(size), output };
}

/** Copies the log at `url` into a folder; returns what it says. */
export function mirror(url, folder) {
  return outputOf(MIRROR, [`--source_url=${url}/`, `--storage_dir=${folder}`]);
}

function outputOf(program, args, timeout = 60_000) {
  const options = { timeout, killSignal: 'SIGKILL', env: { HOME: tmpdir() } };
  return new Promise((resolve) => {
    execFile(program, args, options, (_, stdout, stderr) => resolve(stdout + stderr));
  });
}
