// Writes src/grpc/generated from proto/: `node scripts/generate-messages.mjs`. The generator is fetched for the run
// and is no dependency; what it writes is committed, and needs @bufbuild/protobuf alone.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const out = `${root}src/grpc/generated`;
const template = {
  version: 'v2',
  plugins: [
    {
      local: 'protoc-gen-es',
      out,
      // Enums as objects: the compiler option erasableSyntaxOnly knows no others.
      opt: ['target=ts', 'import_extension=js', 'erasable_syntax=true'],
    },
  ],
};
const packages = ['@bufbuild/buf@1.75.0', '@bufbuild/protoc-gen-es@2.13.0'];

rmSync(out, { recursive: true, force: true });
const { status } = spawnSync(
  'npm',
  [
    ...['exec', '--yes', ...packages.map((name) => `--package=${name}`), '--'],
    ...['buf', 'generate', '--template', JSON.stringify(template), `${root}proto`],
  ],
  // Outside the project, or npm would look at its dependencies too.
  { stdio: 'inherit', cwd: '/' },
);
process.exit(status ?? 1);
