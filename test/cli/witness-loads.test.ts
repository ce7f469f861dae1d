/** What the witness's command loads, by the imports of its sources: a witness must not depend on the log beside it. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { test } from 'node:test';
import { packageRoot } from '../vectors.js';

/** Returns the sources that importing `file` loads; types are no imports, and import() comes later or not at all. */
function loadedBy(file: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  const source = readFileSync(join(packageRoot, 'src', file), 'utf8');
  const imports = /(?:^|\n)(?:import|export) (?!type )[^'"`;]*?from '(\.[^']+)'/g;
  for (const [, name = ''] of source.matchAll(imports)) {
    loadedBy(posix.join(posix.dirname(file), name).replace(/\.js$/, '.ts'), seen);
  }
  return seen;
}

test('a witness loads nothing of the log, and of the server only sockets, log lines and clocks', () => {
  const loaded = [...loadedBy('cli/witness-command.ts')];
  const rooms = new Set(loaded.map((file) => file.split('/')[0]));
  const own = ['cli', 'encoding', 'errors.ts', 'files', 'http', 'merkle', 'note', 'server'];
  // caching: what http keeps of answers.
  const others = ['signing', 'threads', 'witness', 'caching'];
  assert.deepEqual(
    [...rooms].filter((room) => ![...own, ...others].includes(room as string)),
    [],
  );
  const ofServer = loaded.filter((file) => file.startsWith('server/')).sort();
  assert.deepEqual(ofServer, [
    'server/closers.ts',
    'server/listen.ts',
    'server/logger.ts',
    'server/metrics-server.ts',
    'server/system-clock.ts',
  ]);
  assert.ok(loaded.length > 30, 'imports are found');
});
