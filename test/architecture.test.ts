/** The room table of ARCHITECTURE.md as one literal, and the test that holds every import against it. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { test } from 'node:test';
import { packageRoot } from './vectors.js';

interface Room {
  readonly imports: readonly string[];
  /** pure: no I/O, clock, randomness or environment; browser: no `node:` module either. */
  readonly purity?: 'pure' | 'browser';
}

const STAGE = ['encoding', 'merkle', 'storage'];
const ROOMS: Readonly<Record<string, Room>> = {
  encoding: { imports: [], purity: 'browser' },
  caching: { imports: [], purity: 'browser' },
  merkle: { imports: ['encoding'], purity: 'browser' },
  note: { imports: ['encoding', 'merkle'], purity: 'browser' },
  pki: { imports: ['encoding', 'caching'], purity: 'pure' },
  entries: { imports: ['encoding', 'merkle', 'pki'], purity: 'pure' },
  matching: { imports: ['encoding', 'entries'], purity: 'pure' },
  trust: { imports: ['encoding', 'note', 'pki'], purity: 'pure' },
  threads: { imports: [] },
  files: { imports: [] },
  timing: { imports: [], purity: 'browser' },
  delivery: { imports: ['encoding', 'files'] },
  signing: { imports: ['encoding', 'note', 'threads', 'files'] },
  timestamping: { imports: ['encoding', 'pki', 'signing'], purity: 'pure' },
  workers: { imports: ['encoding', 'pki', 'entries', 'threads', 'signing'] },
  storage: { imports: ['encoding', 'merkle', 'files'] },
  http: { imports: ['encoding', 'caching', 'merkle', 'note'] },
  client: { imports: ['encoding', 'merkle', 'note', 'pki', 'entries'] },
  mirror: {
    imports: [
      'encoding',
      'merkle',
      'note',
      'files',
      'timing',
      'signing',
      'storage',
      'reading',
      'http',
      'client',
      'witness',
    ],
  },
  feeding: { imports: ['encoding', 'merkle', 'note', 'timing', 'client'] },
  monitor: {
    imports: [
      'encoding',
      'merkle',
      'note',
      'entries',
      'matching',
      'files',
      'delivery',
      'http',
      'client',
    ],
  },
  sequencing: { imports: STAGE },
  publishing: { imports: [...STAGE, 'caching', 'note', 'timing', 'signing'] },
  reading: { imports: [...STAGE, 'caching', 'note'] },
  log: {
    imports: [
      ...STAGE,
      'caching',
      'note',
      'entries',
      'signing',
      'sequencing',
      'publishing',
      'reading',
    ],
  },
  watch: {
    imports: [
      'encoding',
      'merkle',
      'entries',
      'matching',
      'files',
      'delivery',
      'sequencing',
      'log',
    ],
  },
  api: {
    imports: [
      ...['encoding', 'note', 'entries', 'trust', 'timestamping', 'log', 'matching', 'watch'],
      'http',
    ],
  },
  witness: { imports: ['encoding', 'merkle', 'note', 'signing', 'http'] },
  grpc: { imports: ['encoding', 'merkle', 'entries', 'log', 'http', 'api'] },
  server: { imports: ['*'] },
  cli: { imports: ['*'] },
};

const PURE_NODE_MODULES = ['node:crypto', 'node:zlib', 'node:buffer', 'node:util'];
const PURE_PACKAGES = /^(@noble\/|yaml$)/;
const IMPURE_WORDS =
  /\b(Date\.now|new Date\(\)|Math\.random|process\.|randomBytes|performance\.now)/;
// What is behind "#sha256" and "#text-of-bytes" on Node: the one place where the browser set may name node.
const NODE_BACK_END = /\.node\.ts$/;
// The storage contract, and what follows from it, is open to the stages; the drivers are for the server alone.
const STORAGE_CONTRACT = ['storage/log-store.ts', 'storage/root-at.ts'];

function sourceFiles(root: string): string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .sort();
}

function importsOf(source: string): string[] {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, '');
  const pattern =
    /(?:^|\n)\s*(?:import|export)\b[^'"`;]*?from\s*['"]([^'"]+)['"]|\bimport\s*\(?\s*['"]([^'"]+)['"]/g;
  return [...code.matchAll(pattern)].map((match) => (match[1] ?? match[2]) as string);
}

function violationsOfFile(file: string, source: string): string[] {
  const roomName = file.split('/')[0] as string;
  if (file === 'errors.ts') return importsOf(source).map((name) => `${file}: imports ${name}`);
  const room = ROOMS[roomName];
  if (room === undefined) return [`${file}: no such room in the table`];
  const found: string[] = [];
  for (const name of importsOf(source)) {
    if (!name.startsWith('.')) {
      const problem = problemOfPackage(file, room, name);
      if (problem !== undefined) found.push(`${file}: ${problem}`);
      continue;
    }
    const target = posix.normalize(posix.join(posix.dirname(file), name)).replace(/\.js$/, '.ts');
    const targetRoom = target.split('/')[0] as string;
    if (target === 'errors.ts' || targetRoom === roomName || room.imports.includes('*')) continue;
    if (!room.imports.includes(targetRoom)) found.push(`${file}: imports ${target} from above`);
    else if (targetRoom === 'storage' && !STORAGE_CONTRACT.includes(target))
      found.push(`${file}: imports ${target} past the storage contract`);
  }
  if (
    room.purity !== undefined &&
    IMPURE_WORDS.test(source.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, ''))
  )
    found.push(`${file}: clock, randomness or environment in a pure room`);
  return found;
}

function problemOfPackage(file: string, room: Room, name: string): string | undefined {
  if (room.purity === undefined || name.startsWith('#') || NODE_BACK_END.test(file))
    return undefined;
  if (PURE_PACKAGES.test(name)) return undefined;
  if (room.purity === 'pure' && PURE_NODE_MODULES.includes(name)) return undefined;
  return `imports ${name} in a ${room.purity} room`;
}

/** Returns the files of one import cycle, or an empty list. */
function cycleIn(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): string[] => {
    const at = path.indexOf(file);
    if (at >= 0) return [...path.slice(at), file];
    if (done.has(file)) return [];
    path.push(file);
    for (const next of graph.get(file) ?? []) {
      const cycle = visit(next);
      if (cycle.length > 0) return cycle;
    }
    path.pop();
    done.add(file);
    return [];
  };
  for (const file of graph.keys()) {
    const cycle = visit(file);
    if (cycle.length > 0) return cycle;
  }
  return [];
}

function violationsIn(root: string): string[] {
  const files = sourceFiles(root);
  assert.ok(files.length > 0, `no source file under ${root}`);
  const graph = new Map<string, string[]>();
  const found: string[] = [];
  for (const file of files) {
    const source = readFileSync(join(root, file), 'utf8');
    found.push(...violationsOfFile(file, source));
    // A type-only import vanishes at run time and cannot make a cycle that matters.
    const runtime = source.replace(/(?:import|export)\s+type\b[^;]*;/g, '');
    const targets = importsOf(runtime)
      .filter((name) => name.startsWith('.'))
      .map((name) => posix.join(posix.dirname(file), name).replace(/\.js$/, '.ts'));
    graph.set(file, targets);
  }
  const cycle = cycleIn(graph);
  if (cycle.length > 0) found.push(`cycle: ${cycle.join(' -> ')}`);
  return found;
}

test('every import of src points down the room table', () => {
  assert.deepEqual(violationsIn(join(packageRoot, 'src')), []);
});

test('no source file is longer than one sitting can review', () => {
  const root = join(packageRoot, 'src');
  const long = sourceFiles(root).filter(
    (file) => readFileSync(join(root, file), 'utf8').split('\n').length > 400,
  );
  assert.deepEqual(long, []);
});

test('each planted violation is caught', () => {
  const found = violationsIn(join(packageRoot, 'test', 'fixtures', 'architecture'));
  const expected = [
    'api/reads-storage.ts: imports storage/log-store.ts from above',
    'attic/anything.ts: no such room in the table',
    'cycle: log/a.ts -> log/b.ts -> log/a.ts',
    'encoding/knows-node.ts: imports node:fs in a browser room',
    'entries/tells-time.ts: clock, randomness or environment in a pure room',
    'errors.ts: imports ./merkle/hash.js',
    'merkle/imports-up.ts: imports storage/log-store.ts from above',
    'pki/opens-files.ts: imports node:fs in a pure room',
    'sequencing/knows-driver.ts: imports storage/level/level-store.ts past the storage contract',
    'sequencing/lazy.ts: imports publishing/notes.ts from above',
  ];
  assert.deepEqual(found.sort(), expected);
});
