import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { concatBytes, utf8 } from '../../src/encoding/bytes.js';
import { encodeElement } from '../../src/encoding/der.js';
import { KNOWN_KINDS } from '../../src/entries/registry.js';
import { proposedEntry, recordedEntries } from '../entries/recorded.js';
import { forgeKey, forgeUserId, keyPacket, MAY_SIGN, subpacket } from '../pki/pgp-forge.js';
import { fromHexText, octetString, oid, sequence, tagged } from '../pki/pkcs7-builder.js';
import { packageRoot } from '../vectors.js';
import { proposalsWithKey, searchesForKey } from './key-slots.js';
import { certificatePem } from './odd-certificates.js';
import { type Answer, ServedLog } from './served-log.js';

const log = await ServedLog.start();

/** What a request from the server would come to. */
let connections = 0;
const trap = createServer((socket) => {
  connections++;
  socket.destroy();
});
await new Promise<void>((resolve) => trap.listen(0, '127.0.0.1', resolve));
after(() => trap.close());
const trapUrl = `http://127.0.0.1:${(trap.address() as AddressInfo).port}/key.pem`;

/** Puts the address of the trap into every object of a value; without `content`, where `replaces` is true. */
function baited(value: unknown, replaces: boolean): unknown {
  if (Array.isArray(value)) return value.map((item) => baited(item, replaces));
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).filter(([name]) => !(replaces && name === 'content'));
  return {
    ...Object.fromEntries(members.map(([name, inner]) => [name, baited(inner, replaces)])),
    url: trapUrl,
    URL: trapUrl,
    uri: trapUrl,
  };
}

test('I5 CVE-2026-24117: no url in any proposal makes the server ask for it', async () => {
  for (const kind of KNOWN_KINDS) {
    const found = recordedEntries(kind).find(({ expect }) => 'leaf' in expect);
    assert.ok(found, kind);
    const proposal = proposedEntry(found.body);
    const beside = await log.submit(baited(proposal, false));
    assertAnswered(beside, kind);
    const instead = await log.submit(baited(proposal, true));
    assertAnswered(instead, kind);
    const batch = { entries: [baited(proposal, true)] };
    assert.ok((await log.post('/api/v1/log/entries/batch', batch)).status < 500);
    const retrieve = { entries: [baited(proposal, true)], url: trapUrl };
    assert.ok((await log.post('/api/v1/log/entries/retrieve', retrieve)).status < 500);
  }
  assert.equal(connections, 0);
});

function assertAnswered({ status, text }: Answer, what: string): void {
  assert.ok([201, 400, 409, 422].includes(status), `${what}: ${status} ${text}`);
}

test('I5 CVE-2026-24117: no url in a search makes the server ask for it', async () => {
  for (const format of ['x509', 'pgp', 'ssh', 'minisign', 'tuf']) {
    for (const search of [
      { publicKey: { format, url: trapUrl } },
      { publicKey: { format, url: trapUrl, content: '' } },
      { publicKey: { format, content: Buffer.from(trapUrl).toString('base64') } },
      { publicKey: { format, url: trapUrl }, url: trapUrl },
    ]) {
      const { status } = await log.post('/api/v1/index/retrieve', search);
      assert.ok([200, 400, 422].includes(status), `${format}: ${status}`);
    }
  }
  for (const search of [{ subject: trapUrl }, { hash: trapUrl }, { email: trapUrl }]) {
    assert.ok((await log.post('/api/v1/index/retrieve', search)).status < 500);
  }
  assert.equal(connections, 0);
});

test('I5 CVE-2026-24117: no url in a subscription makes the server ask for it', async () => {
  const query = `uri=${encodeURIComponent(trapUrl)}&san-pattern=${encodeURIComponent(trapUrl)}`;
  const stopped = new AbortController();
  const { status } = await fetch(`${log.url}/api/v1/watch?${query}`, { signal: stopped.signal });
  stopped.abort();
  assert.equal(status, 200);
  for (const rules of [
    { watch: [{ name: 'a', san: trapUrl }], webhook: { url: trapUrl } },
    { watch: [{ name: 'a', san: { file: trapUrl } }] },
    { watch: [{ name: 'a', url: trapUrl }] },
  ]) {
    const refused = await fetch(`${log.url}/api/v1/watch`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(rules),
    });
    assert.equal(refused.status, 400);
  }
  assert.equal(connections, 0);
});

test('I5 CVE-2026-24117: addresses in certificates and keys are not asked for issuers, revocations or more of them', async () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const address = encodeElement(0x86, utf8(trapUrl));
  const extension = (id: string, value: Uint8Array) =>
    sequence(oid(fromHexText(id)), octetString(value));
  const content = certificatePem(privateKey, {
    names: sequence(address),
    extensions: [
      // Authority information access: caIssuers and OCSP; distribution points of revocation lists.
      extension(
        '2b06010505070101',
        sequence(
          sequence(oid(fromHexText('2b06010505073002')), address),
          sequence(oid(fromHexText('2b06010505073001')), address),
        ),
      ),
      extension('551d1f', sequence(sequence(tagged(0, tagged(0, address))))),
    ],
  });
  const pgpKey = forgeKey(3);
  const ring = concatBytes(
    keyPacket(pgpKey),
    forgeUserId(pgpKey, `x <x@example.com>`, {
      // The preferred key server.
      hashed: [MAY_SIGN, subpacket(24, utf8(trapUrl))],
    }),
  );
  let accepted = 0;
  for (const key of [{ content, privateKey }, { content: ring }]) {
    for (const proposal of Object.values(proposalsWithKey(key))) {
      const { status, text } = await log.submit(proposal);
      assert.ok([201, 400].includes(status), text);
      if (status === 201) accepted++;
    }
    for (const search of searchesForKey(key)) {
      assert.ok((await log.post('/api/v1/index/retrieve', search)).status < 500);
    }
  }
  assert.ok(accepted > 0);
  assert.equal(connections, 0);
});

test('I5 CVE-2026-24117: the trap would have noticed', async () => {
  await assert.rejects(fetch(trapUrl));
  assert.equal(connections, 1);
});

/** Rooms that a request passes through. */
const SERVER_ROOMS = [
  ...['api', 'client', 'delivery', 'encoding', 'entries', 'http', 'log', 'matching', 'merkle'],
  ...['note', 'pki', 'publishing', 'reading', 'sequencing', 'server', 'signing', 'storage'],
  ...['watch', 'workers'],
];

/**
 * They ask the witnesses, and tell the webhooks, that the operator names in a file, whatever is in a request; and look up
 * where a webhook leads.
 */
const GOES_OUT: ReadonlySet<string> = new Set([
  join('publishing', 'witness-request.ts'),
  join('delivery', 'webhook.ts'),
  join('delivery', 'public-address.ts'),
]);

/** Ways out. What listens, and what only looks at addresses, may be imported; types always. */
const WAYS_OUT: readonly RegExp[] = [
  /\bfetch\s*\(/,
  /\bhttps?\.(?:request|get|Agent)\b/,
  /\bnet\.(?:connect|createConnection|Socket)\b/,
  /\bimport \{[^}]*\b(?:request|get|Agent|connect|createConnection|Socket|Stream)\b[^}]*\} from 'node:(?:http|net)'/,
  /\bimport (?!type)[^{;]* from 'node:(?:http|net)'/,
  /from 'node:(?:https|http2|tls|dns|dgram|child_process|cluster|inspector)(?:\/\w+)?'/,
  /\bnew (?:WebSocket|XMLHttpRequest|EventSource)\b/,
  /(?:from|import|require)\s*\(?\s*['"](?:undici|axios|got|node-fetch|superagent|request|ws)['"]/,
];

function waysOutOf(source: string): string[] {
  return WAYS_OUT.filter((way) => way.test(source)).map((way) => way.source);
}

test('I5 CVE-2026-24117: nothing on the way of a request could make one', () => {
  let read = 0;
  for (const room of SERVER_ROOMS) {
    const folder = join(packageRoot, 'src', room);
    for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.ts') || GOES_OUT.has(join(room, file))) continue;
      read++;
      assert.deepEqual(waysOutOf(readFileSync(join(folder, file), 'utf8')), [], `${room}/${file}`);
    }
  }
  assert.ok(read > 150, `${read}`);
  for (const planted of [
    'const key = await fetch(url);',
    "import { request } from 'node:http';",
    "import { get } from 'node:https';",
    "import http from 'node:http';\nhttp.request(url);",
    "import { lookup } from 'node:dns/promises';",
    "import { connect } from 'node:net';",
    "import { Agent } from 'undici';",
  ]) {
    assert.notDeepEqual(waysOutOf(planted), [], planted);
  }
});
