// Where .ci/run puts the programs of others, and what a test says when they are not there.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const cache = process.env.STELE_CI_CACHE ?? join(homedir(), '.cache', 'stele-ci');

/** Returns the path of a program, given by the folder that .ci/run makes for it, unless `variable` names another. */
export function toolPath(variable, folder, program) {
  return process.env[variable] ?? join(cache, folder, program);
}

/** Throws unless each of these programs is there: what was not run is not proved. */
export function assertTools(...tools) {
  for (const tool of tools) {
    assert.ok(existsSync(tool), `NO TOOL AT ${tool}: see .ci/run; nothing of it is proved`);
  }
}
