// Run by `npm ci`: compiles when the compiler is installed; a production install carries dist already.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const compiler = `${root}node_modules/typescript/bin/tsc`;
if (existsSync(compiler)) {
  const { status } = spawnSync(process.execPath, [compiler, '-p', `${root}tsconfig.json`], {
    stdio: 'inherit',
  });
  process.exit(status ?? 1);
}
if (!existsSync(`${root}dist/src/server/main.js`)) {
  console.error('stele: no compiler installed and no dist/ present; run npm ci without --omit=dev');
  process.exit(1);
}
