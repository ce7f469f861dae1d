import assert from 'node:assert/strict';
import { it } from 'node:test';
import { utf8 } from '../../../src/encoding/bytes.js';
import { openMemoryStore } from '../../../src/storage/memory/memory-store.js';
import { describeStore } from '../contract.js';
import { Faults } from '../faults.js';
import { grow, logIn } from '../growing-log.js';

describeStore('memory', async (options) => openMemoryStore(options));

it('forgets late rows at recovery that a test declared lost', async () => {
  const faults = new Faults();
  const store = openMemoryStore({ fault: faults.point });
  const log = await logIn(store);
  await grow(log, 2);
  faults.arm('late', 'lost');
  await log.late({ timestamps: { from: 0, signatures: [utf8('a'), utf8('b')] } });
  assert.deepEqual(await log.timestamp(1), utf8('b'));
  await store.recover();
  assert.equal(await log.timestamp(1), undefined);
});
