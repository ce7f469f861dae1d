import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isLogError } from '../../src/errors.js';
import { printVerifierKey } from '../../src/note/verifier-key.js';
import {
  type ListedLog,
  MAX_LIST_KEYS,
  MAX_LIST_LINES,
  mergeLogs,
  parseLogFlag,
  parseLogList,
} from '../../src/witness/log-list.js';
import { TestLog } from './test-log.js';

const a = new TestLog('log.example/a');
const a2 = new TestLog('log.example/a', undefined, 1);
const b = new TestLog('log.example/b');

const shown = (logs: readonly ListedLog[]) =>
  logs.map(({ origin, keys }) => [origin, ...keys.map(printVerifierKey)]);
const invalid = (error: unknown) => isLogError(error, 'CONFIG_INVALID');

describe('a list of logs', () => {
  it('gives logs with their keys, one origin once', () => {
    const list = `# a comment

logs/v0

vkey ${a.vkey}
qpd 86400
contact sysadmin (at) log.example
vkey ${b.vkey}
origin log.example - 123 456
# the other key of a
vkey ${a2.vkey}
vkey ${a.vkey}
`;
    assert.deepEqual(shown(parseLogList(list)), [
      [a.origin, a.vkey, a2.vkey],
      ['log.example - 123 456', b.vkey],
    ]);
    assert.deepEqual(parseLogList('logs/v0\n'), []);
  });

  it('is refused when it is another format, and names the line', () => {
    for (const [list, line] of [
      ['', 1],
      [`vkey ${a.vkey}\n`, 1],
      ['logs/v1\n', 1],
      [`logs/v0\norigin x\nvkey ${a.vkey}\n`, 2],
      [`logs/v0\nvkey ${a.vkey}\norigin\n`, 3],
      [`logs/v0\nvkey ${a.vkey}\norigin x\norigin y\n`, 4],
      ['logs/v0\n\nvkey nonsense\n', 3],
      ['logs/v0\nvkey\n', 2],
      [`logs/v0\nvkey ${a.vkey}x\n`, 2],
    ] as const) {
      assert.throws(
        () => parseLogList(list),
        (error) => invalid(error) && (error as Error).message.includes(`line ${line}`),
        list,
      );
    }
  });

  it('passes over keys that it cannot read where that is asked for', () => {
    const skipped: string[] = [];
    const list = `logs/v0\nvkey x.example+00000000+/w==\nvkey ${b.vkey}\n`;
    assert.deepEqual(shown(parseLogList(list, (reason) => skipped.push(reason))), [
      [b.origin, b.vkey],
    ]);
    assert.equal(skipped.length, 1);
  });

  it('reads an origin whatever characters are in it, and any line ends', () => {
    const list = `logs/v0\r\nvkey\t${a.vkey}\r\norigin  a\u2028b c\r\n`;
    assert.deepEqual(shown(parseLogList(list)), [['a\u2028b c', a.vkey]]);
  });

  it('passes over a log two keys of which claim one ID, where that is asked for', () => {
    const claimed = { ...a2.key, keyID: a.key.keyID };
    const logs = [
      { origin: a.origin, keys: [a.key] },
      { origin: b.origin, keys: [b.key] },
      { origin: a.origin, keys: [claimed] },
    ];
    assert.throws(() => mergeLogs(logs), invalid);
    const skipped: string[] = [];
    assert.deepEqual(shown(mergeLogs(logs, (reason) => skipped.push(reason))), [
      [b.origin, b.vkey],
    ]);
    assert.equal(skipped.length, 1);
  });

  it('has an end', () => {
    const keys = (count: number) => `logs/v0\n${`vkey ${a.vkey}\n`.repeat(count)}`;
    assert.equal(parseLogList(keys(MAX_LIST_KEYS)).length, 1);
    assert.throws(() => parseLogList(keys(MAX_LIST_KEYS + 1)), invalid);
    assert.deepEqual(parseLogList(`logs/v0${'\n'.repeat(MAX_LIST_LINES - 1)}`), []);
    assert.throws(() => parseLogList(`logs/v0${'\n'.repeat(MAX_LIST_LINES)}`), invalid);
  });

  it('can be a flag: a key, and behind a space the origin', () => {
    assert.deepEqual(shown([parseLogFlag(a.vkey)]), [[a.origin, a.vkey]]);
    assert.deepEqual(shown([parseLogFlag(`${a.vkey} log.example - 12`)]), [
      ['log.example - 12', a.vkey],
    ]);
    assert.throws(() => parseLogFlag('log.example'), invalid);
  });
});
