import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { environmentWithoutSettings } from '../../bench/harness/server-process.js';
import { readConfig } from '../../src/server/config.js';
import { packageRoot } from '../vectors.js';
import { signerPem, start, submit, temporaryFolder } from './scene.js';

const README = readFileSync(join(packageRoot, 'README.md'), 'utf8');
const URL_IN_README = 'http://127.0.0.1:3000';

/** Every command of the README's shell blocks, comments taken off and continued lines joined. */
const commands = [...README.matchAll(/```sh\n([\s\S]*?)```/g)]
  .flatMap(([, block = '']) => block.replace(/\\\n\s*/g, '').split('\n'))
  .map((line) => line.replace(/\s+#.*$/, '').trim())
  .filter((line) => line !== '');

const steleCommand = import.meta.url.endsWith('.ts')
  ? [
      '--conditions=source',
      '--import',
      import.meta.resolve('tsx'),
      join(packageRoot, 'src/cli/main.ts'),
    ]
  : [join(packageRoot, 'dist/src/cli/main.js')];

/** Runs `stele` beside this process, which holds the log that it may ask. */
function stele(args: readonly string[], cwd: string): Promise<{ code: number; text: string }> {
  return new Promise((resolve) => {
    const env = environmentWithoutSettings();
    execFile(process.execPath, [...steleCommand, ...args], { cwd, env }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), text: out + err });
    });
  });
}

describe('the README', () => {
  it('names scripts that there are, and options that the server takes', () => {
    const { scripts } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const scriptsNamed = commands.flatMap((line) => {
      const [, name] = /^npm (?:run )?(start|test|demo|check|bench)\b/.exec(line) ?? [];
      return name === undefined ? [] : [name];
    });
    assert.ok(scriptsNamed.length >= 4, scriptsNamed.join());
    for (const name of scriptsNamed) assert.ok(scripts[name] !== undefined, name);

    const [, flags] = commands.flatMap((line) => /^npm start -- (.*)/.exec(line) ?? []);
    assert.ok(flags !== undefined);
    const read = { environment: {}, readFile: assert.fail };
    // What the README shows is what happens without options.
    assert.deepEqual(
      readConfig({ ...read, argv: flags.split(' ') }),
      readConfig({ ...read, argv: [] }),
    );
  });

  it('verifies an entry with the commands that it shows', async (t) => {
    const folder = temporaryFolder(t);
    const { url } = await start(t, join(folder, 'data'));
    assert.equal((await submit(url, 'hello\n')).status, 201);
    writeFileSync(join(folder, 'file'), 'hello\n');
    writeFileSync(join(folder, 'signer.pub'), signerPem);
    let verified = 0;
    for (const line of commands) {
      const [, asked, file] = /^curl -s '?([^' ]+)'? > (\S+)$/.exec(line) ?? [];
      if (asked !== undefined && file !== undefined) {
        const answer = await fetch(asked.replace(URL_IN_README, url));
        assert.equal(answer.status, 200, line);
        writeFileSync(join(folder, file), await answer.text());
      }
      const [, args] = /^npx stele (.*)$/.exec(line) ?? [];
      if (args === undefined) continue;
      const { code, text } = await stele(args.split(' '), folder);
      assert.equal(code, 0, `${line}\n${text}`);
      if (args.startsWith('verify')) verified += 1;
    }
    assert.equal(verified, 1);
  });
});
