// Runs the compiled tests with Node's own runner. Node 20's `--test` takes no globs and counts helper files
// as tests, so the files are named here; finding suspiciously few is a failure, not a green run.
// `node scripts/test.mjs merkle note` runs the folders named.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const LEAST_FILES = 50;
const compiled = fileURLToPath(new URL('../dist/test/', import.meta.url));
const wanted = process.argv.slice(2);

// These need more than Node (Go, a C compiler, root) or many minutes: .ci/run starts them.
const startedElsewhere = ['interop', 'crash', 'faults'];

const files = readdirSync(compiled, { recursive: true })
  .filter((name) => name.endsWith('.test.js'))
  .filter((name) => !startedElsewhere.includes(name.split('/')[0]))
  .filter((name) => wanted.length === 0 || wanted.includes(name.split('/')[0]))
  .sort()
  .map((name) => compiled + name);

if (wanted.length === 0 && files.length < LEAST_FILES) {
  console.error(
    `stele: ${files.length} test files under dist/test, at least ${LEAST_FILES} expected`,
  );
  process.exit(1);
}
const { status } = spawnSync(process.execPath, ['--test', ...files], { stdio: 'inherit' });
process.exit(status ?? 1);
