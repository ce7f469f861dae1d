import assert from 'node:assert/strict';
import { it } from 'node:test';
import { utf8 } from '../../../src/encoding/bytes.js';
import { grow, logIn } from '../growing-log.js';
import { same } from '../same-bytes.js';
import { code, type StoreFactory } from './store-factory.js';

/** Declares the tests of late rows: notes and entry timestamps. */
export function describeLateRows(openStore: StoreFactory): void {
  const note = (size: number, ...lines: string[]) => ({
    size,
    bytes: utf8(`origin\n${size}\nroot\n\n${lines.map((line) => `${line}\n`).join('')}`),
  });
  const ecdsa = '— log.example.org AAAAAXNpZ25hdHVyZQ==';
  const ecdsaAgain = '— log.example.org AAAAAWFub3RoZXIhIQ==';
  const witness = '— witness.example.org AAAAAnNpZ25hdHVyZQ==';

  it('keeps the newest note of each kind, monotone in size', async () => {
    const store = await openStore({});
    const log = await logIn(store);
    await grow(log, 5);
    assert.equal(await log.newestNote('v1'), undefined);
    await log.late({ notes: [{ kind: 'v1', ...note(3, ecdsa) }] });
    await log.late({ notes: [{ kind: 'v1', ...note(2, ecdsa) }] });
    same(await log.newestNote('v1'), note(3, ecdsa));
    assert.equal(await log.newestNote('tiles'), undefined);
    await log.late({ notes: [{ kind: 'v1', ...note(4, ecdsa) }], sync: true });
    same(await log.newestNote('v1'), note(4, ecdsa));
    await assert.rejects(log.late({ notes: [{ kind: 'v1', ...note(6, ecdsa) }] }), RangeError);
    await store.close();
  });

  it('unites the signature lines of one size and never changes a line that was kept', async () => {
    const store = await openStore({});
    const log = await logIn(store);
    await grow(log, 5);
    await log.late({ notes: [{ kind: 'tiles', ...note(5, ecdsa) }] });
    await log.late({ notes: [{ kind: 'tiles', ...note(5, ecdsaAgain) }] });
    same(await log.newestNote('tiles'), note(5, ecdsa));
    await log.late({ notes: [{ kind: 'tiles', ...note(5, ecdsaAgain, witness) }] });
    same(await log.newestNote('tiles'), note(5, ecdsa, witness));
    const other = { size: 5, bytes: utf8(`other\n5\nroot\n\n${ecdsa}\n`) };
    await assert.rejects(log.late({ notes: [{ kind: 'tiles', ...other }] }), code('STORE_CORRUPT'));
    assert.equal(store.failed, false);
    await store.close();
  });

  it('returns each timestamp of batches of any length, and the ones that were made again', async () => {
    const store = await openStore({});
    const log = await logIn(store);
    await grow(log, 200);
    const signatures = Array.from({ length: 200 }, (_, i) => utf8(`signature ${i}`));
    let from = 0;
    for (const count of [1, 1, 3, 15, 16, 17, 40, 2, 70]) {
      await log.late({ timestamps: { from, signatures: signatures.slice(from, from + count) } });
      from += count;
    }
    const again = utf8('made again');
    await log.late({ timestamps: { from: 170, signatures: [again] } });
    for (let index = 0; index < 200; index++) {
      const wanted = index < from ? signatures[index] : index === 170 ? again : undefined;
      same(await log.timestamp(index), wanted, `leaf ${index}`);
    }
    await store.close();
  });

  it('returns the timestamp of each leaf that has one', async () => {
    const store = await openStore({});
    const log = await logIn(store);
    await grow(log, 3, 4);
    const signatures = [utf8('a'), utf8(''), utf8('ccc')];
    await log.late({ timestamps: { from: 3, signatures } });
    const found = await Promise.all([0, 2, 3, 4, 5, 6, 7].map((index) => log.timestamp(index)));
    same(found, [undefined, undefined, ...signatures, undefined, undefined]);
    await assert.rejects(log.late({ timestamps: { from: 5, signatures } }), RangeError);
    await store.close();
  });
}
