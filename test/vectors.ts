import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Returns the folder that holds package.json, whether the tests run from source or compiled. */
export const packageRoot: string = (() => {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
})();

/** Returns the path of a vector file under test/vectors. */
export function vectorPath(name: string): string {
  return join(packageRoot, 'test', 'vectors', name);
}
