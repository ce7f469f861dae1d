import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { fromUtf8, utf8 } from '../../src/encoding/bytes.js';
import { acceptEntry, identifyEntry } from '../../src/entries/accept.js';
import type { EntryPolicy, ProposedEntry } from '../../src/entries/entry-kind.js';
import { ENTRY_KINDS, KNOWN_KINDS } from '../../src/entries/registry.js';
import { type ErrorCode, isLogError } from '../../src/errors.js';
import { canonicalPublicKeyHash } from '../../src/pki/canonical-key.js';
import { EntryWorkers } from '../../src/workers/entry-workers.js';
import type { ThreadLimits } from '../../src/workers/thread-pool.js';
import { zipOf } from '../entries/jar-builder.js';
import { openPolicy, testContext } from '../entries/policy.js';
import { proposedEntry, type RecordedEntry, recordedEntries } from '../entries/recorded.js';

const LIMITS: ThreadLimits = { threads: 1, timeLimitMs: 60_000, memoryLimitMb: 256, waiting: 100 };

const ISOLATED = KNOWN_KINDS.filter((kind) => ENTRY_KINDS[kind]?.isolated === true);
const IN_LINE = KNOWN_KINDS.filter((kind) => ENTRY_KINDS[kind]?.isolated === false);

let opened: EntryWorkers[] = [];

interface Settings {
  readonly policy?: EntryPolicy;
  readonly limits?: ThreadLimits;
  readonly nowMs?: number;
}

function open({ policy = openPolicy, limits = LIMITS, nowMs }: Settings = {}): EntryWorkers {
  const workers = new EntryWorkers({
    policy,
    limits,
    signatures: { threads: 1, lost: (error) => assert.fail(`${error}`) },
    nowMs: () => nowMs ?? testContext.nowMs,
  });
  opened.push(workers);
  return workers;
}

afterEach(async () => {
  await Promise.all(opened.map((workers) => workers.close()));
  opened = [];
});

/** What came of a promise, so that two can be compared. */
async function outcomeOf(attempt: Promise<unknown>): Promise<unknown> {
  try {
    return { value: plain(await attempt) };
  } catch (error) {
    assert.ok(isLogError(error), `${error}`);
    return { code: error.code, message: error.message };
  }
}

/** Byte arrays of any class, on any buffer, by what is in them. */
function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([name, member]) => [
    name,
    member instanceof Uint8Array ? Buffer.from(member).toString('base64') : member,
  ]);
  return Object.fromEntries(members);
}

const isStored = ({ expect }: RecordedEntry): boolean => 'leaf' in expect;
const isRefused = ({ expect }: RecordedEntry): boolean => 'error' in expect;

/** Returns the first recorded submission of a kind that `fits`. */
function recorded(kind: string, fits: (entry: RecordedEntry) => boolean): ProposedEntry {
  const found = recordedEntries(kind).find(fits);
  assert.ok(found, kind);
  return proposedEntry(found.body);
}

async function refusal(attempt: Promise<unknown>, code: ErrorCode): Promise<string> {
  let message = '';
  await assert.rejects(attempt, (error) => {
    assert.ok(isLogError(error, code), `${error}`);
    message = error.message;
    return true;
  });
  return message;
}

test('an accepted and a refused entry of each kind have one outcome in a thread and in line', async () => {
  const workers = open();
  for (const kind of KNOWN_KINDS) {
    for (const fits of [isStored, isRefused]) {
      const proposed = recorded(kind, fits);
      const inLine = await outcomeOf(acceptEntry(proposed, openPolicy, testContext));
      assert.deepEqual(await outcomeOf(workers.accept(proposed)), inLine, kind);
      assert.equal('value' in (inLine as object), fits === isStored, kind);
      assert.deepEqual(
        await outcomeOf(workers.identify(proposed)),
        await outcomeOf(identifyEntry(proposed, testContext)),
        kind,
      );
    }
  }
});

test('kinds with foreign formats are read in threads alone, the others without any', async () => {
  assert.deepEqual(ISOLATED, ['alpine', 'helm', 'jar', 'rekord', 'rfc3161', 'rpm', 'tuf']);
  assert.deepEqual([...IN_LINE].sort(), ['cose', 'dsse', 'hashedrekord', 'intoto']);
  const workers = open();
  // A pool that is closed has no threads.
  await workers.close();
  for (const kind of ISOLATED) {
    const proposed = recorded(kind, isStored);
    await refusal(workers.accept(proposed), 'SHUTTING_DOWN');
    await refusal(workers.identify(proposed), 'SHUTTING_DOWN');
  }
  for (const kind of IN_LINE) await workers.accept(recorded(kind, isStored));
});

test('results come on buffers of their own: no thread sends the body of the request back', async () => {
  const workers = open();
  for (const kind of ISOLATED) {
    const { leaf, leafHash } = await workers.accept(recorded(kind, isStored));
    assert.equal(leaf.buffer.byteLength, leaf.length, kind);
    assert.equal(leafHash.buffer.byteLength, 32, kind);
    assert.equal(JSON.parse(fromUtf8(leaf)).kind, kind);
  }
});

test('attachments come back whole', async () => {
  const workers = open();
  for (const [kind, name] of [
    ['intoto', 'v1-ec256'],
    ['intoto', 'v2-ec256'],
    ['cose', 'es256'],
  ] as const) {
    const proposed = recorded(kind, (entry) => entry.name === name);
    const { attachment } = await acceptEntry(proposed, openPolicy, testContext);
    assert.ok(attachment !== undefined && attachment.length > 0, name);
    const found = (await workers.accept(proposed)).attachment;
    assert.deepEqual(Buffer.from(found ?? []), Buffer.from(attachment), name);
  }
});

test('what may be written is known in the threads', async () => {
  const policy = { ...openPolicy, enabledKinds: new Set(['hashedrekord']) };
  const workers = open({ policy });
  for (const kind of ISOLATED) {
    const message = await refusal(workers.accept(recorded(kind, isStored)), 'ENTRY_KIND_DISABLED');
    assert.equal(message, `entry kind '${kind}' is not enabled for submission on this server`);
  }
});

test('the limits are known in the threads', async () => {
  const limits = {
    ...openPolicy.limits,
    jarMetadataBytes: 10,
    apkMetadataBytes: 10,
    proposalLength: { rpm: 5 },
    indexKeys: 0,
  };
  const workers = open({ policy: { ...openPolicy, limits } });
  const jar = await refusal(workers.accept(recorded('jar', isStored)), 'ENTRY_MALFORMED');
  assert.match(jar, /exceeds max allowed size 10$/);
  const alpine = await refusal(workers.accept(recorded('alpine', isStored)), 'ENTRY_MALFORMED');
  assert.match(alpine, /exceeds max allowed size 10$/);
  const rpm = await refusal(workers.accept(recorded('rpm', isStored)), 'ENTRY_TOO_LARGE');
  assert.match(rpm, /characters exceeds 5$/);
  await refusal(workers.identify(recorded('rpm', isStored)), 'ENTRY_TOO_LARGE');
  const helm = await refusal(workers.accept(recorded('helm', isStored)), 'ENTRY_TOO_LARGE');
  assert.match(helm, /search keys exceeds 0$/);
});

test('the time is known in the threads', async () => {
  const proposed = recorded('tuf', isStored);
  await open().accept(proposed);
  const late = open({ nowMs: Date.UTC(2050, 0, 1) });
  const message = await refusal(late.accept(proposed), 'KEY_MALFORMED');
  assert.match(message, /expired/);
});

test('keys of every format have one search key in a thread and in line', async () => {
  const workers = open();
  const keys = [
    ['x509', keyIn('rekord', 'x509-ec256')],
    ['pgp', keyIn('rekord', 'pgp-rsa-armor')],
    ['ssh', keyIn('rekord', 'ssh-ed')],
    ['minisign', keyIn('rekord', 'minisign')],
    ['tuf', utf8(JSON.stringify(rootIn('timestamp')))],
  ] as const;
  for (const [format, content] of keys) {
    const inLine = await canonicalPublicKeyHash(format, content);
    assert.equal(await workers.keyHash(format, content), inLine, format);
    await refusal(workers.keyHash(format, utf8('no key')), 'KEY_MALFORMED');
  }
});

function keyIn(kind: string, name: string): Uint8Array {
  const { spec } = recorded(kind, (entry) => entry.name === name);
  const { signature } = spec as { signature: { publicKey: { content: string } } };
  return Buffer.from(signature.publicKey.content, 'base64');
}

function rootIn(name: string): unknown {
  const { spec } = recorded('tuf', (entry) => entry.name === name);
  return (spec as { root: { content: unknown } }).root.content;
}

/** A jar that takes a while: the directory has as many members as there may be. */
function costlyEntry(): ProposedEntry {
  const members = Array.from({ length: 65_535 }, (_, i) => ({
    name: `f${i}`,
    content: '',
    stored: true,
  }));
  const content = zipOf(members).toString('base64');
  return { kind: 'jar', apiVersion: '0.0.1', spec: { archive: { content } } };
}

test('an entry that takes too long is given up, and the next one is read by a new thread', async () => {
  let timeLimitMs = 1;
  const limits = {
    ...LIMITS,
    get timeLimitMs() {
      return timeLimitMs;
    },
  };
  const workers = open({ limits });
  const costly = costlyEntry();
  for (const attempt of ['accept', 'identify'] as const) {
    timeLimitMs = 1;
    const message = await refusal(workers[attempt](costly), 'ENTRY_TOO_COSTLY');
    assert.equal(message, 'reading the entry took more than 1 ms');
    timeLimitMs = LIMITS.timeLimitMs;
    const { kind } = await workers[attempt](recorded('jar', isStored));
    assert.equal(kind, 'jar');
  }
  // Nothing but time was wrong with it.
  await refusal(workers.accept(costly), 'ENTRY_MALFORMED');
});

test('more isolated entries than may wait are refused for now, and hold nobody else up', async () => {
  const workers = open({ limits: { ...LIMITS, waiting: 1 } });
  const jar = recorded('jar', isStored);
  const attempts = [workers.accept(jar), workers.accept(jar), workers.accept(jar)];
  const third = refusal(attempts[2] as Promise<unknown>, 'OVERLOADED');
  await workers.accept(recorded('hashedrekord', isStored));
  await third;
  await Promise.all(attempts.slice(0, 2));
});

test('a proposal of the v2 API is never taken for one of v1 on its way to a thread', async () => {
  const rpm = recorded('rpm', isStored);
  const attempt = open().accept({ ...rpm, api: 'v2' });
  await refusal(attempt, 'ENTRY_VERSION_UNKNOWN');
});
