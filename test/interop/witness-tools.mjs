// Where the unmodified witnesses are that .ci/run builds, and the program that checks notes by their library.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const cache = process.env.STELE_CI_CACHE ?? join(homedir(), '.cache', 'stele-ci');
const TORCHWOOD = '0.9.1-0.20260706112420-c22a68158d96';
const OMNIWITNESS_VERSION = '0.0.0-20260701145555-54dbcdd14f82';

/** The path of torchwood's witness. */
export const LITEWITNESS =
  process.env.STELE_LITEWITNESS ?? join(cache, `litewitness-${TORCHWOOD}`, 'litewitness');

/** The path of torchwood-check/main.go, compiled. */
export const TORCHWOOD_CHECK =
  process.env.STELE_TORCHWOOD_CHECK ??
  join(cache, `torchwood-check-${TORCHWOOD}`, 'torchwood-check');

/** The path of the witness of transparency-dev. */
export const OMNIWITNESS =
  process.env.STELE_OMNIWITNESS ?? join(cache, `omniwitness-${OMNIWITNESS_VERSION}`, 'omniwitness');

/** Throws unless each of these programs is there. */
export function assertTools(...tools) {
  for (const tool of tools) {
    assert.ok(existsSync(tool), `NO TOOL AT ${tool}: see .ci/run; nothing of it is proved`);
  }
}
