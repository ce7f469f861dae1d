import { existsSync, readFileSync } from 'node:fs';
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

/** Returns the vectors of a file under test/vectors that has one, in JSON, on each line. */
export function vectorLines<Vector>(name: string): Vector[] {
  return readFileSync(vectorPath(name), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Vector);
}
