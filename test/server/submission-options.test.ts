/** What the options say of submissions, asked of a whole server. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { start, submit, temporaryFolder } from './scene.js';

describe('the options of submissions', () => {
  it('answer a retry with the stored entry, also after a restart', async (t) => {
    const folder = temporaryFolder(t);
    const first = await start(t, folder, '--duplicates=return-existing');
    const answer = await submit(first.url, 'artifact');
    assert.equal(answer.status, 201);
    const told = (await answer.json()) as Record<string, object>;
    await first.close();
    const again = await start(t, folder, '--duplicates=return-existing');
    const limits = await (await fetch(`${again.url}/api/v1/limits`)).json();
    assert.equal((limits as { duplicates: string }).duplicates, 'return-existing');
    const [{ body }] = Object.values(told) as [{ body: string }];
    // The canonical form of a hashedrekord is a proposal of the same entry.
    const retry = await fetch(`${again.url}/api/v1/log/entries`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: Buffer.from(body, 'base64'),
    });
    assert.equal(retry.status, 201);
    assert.deepEqual(await retry.json(), told);
  });

  it('are published as they are set', async (t) => {
    const server = await start(
      t,
      temporaryFolder(t),
      '--enabled-entry-types=hashedrekord,intoto:0.0.2',
      '--client-signing-algorithms=ed25519',
      '--max-entry-size=hashedrekord=50',
      '--max-signatures=3',
      '--max-index-keys=5',
      '--max-pending-entries=20',
      '--max-request-body-size=4000',
    );
    const answer = await fetch(`${server.url}/api/v1/limits`);
    const limits = (await answer.json()) as Record<string, unknown>;
    assert.deepEqual(limits['entryTypes'], { hashedrekord: ['0.0.1'], intoto: ['0.0.2'] });
    assert.deepEqual(limits['clientSigningAlgorithms'], ['ed25519']);
    assert.equal(limits['batchEntries'], 20);
    assert.equal(limits['requestBodyBytes'], 4_000);
    const entry = limits['entry'] as Record<string, unknown>;
    assert.deepEqual([entry['signatures'], entry['proposalLength']], [3, { hashedrekord: 50 }]);
    assert.deepEqual([entry['indexKeys'], entry['searchTerms']], [5, 40]);
    const refused = await submit(server.url, 'artifact');
    assert.equal(refused.status, 400);
    assert.match(await refused.text(), /hashedrekord proposal of \d+ characters exceeds 50/);
  });
});
