import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { utf8 } from '../../src/encoding/bytes.js';
import { isLogError } from '../../src/errors.js';
import { parseCheckpoint, printCheckpoint } from '../../src/note/checkpoint.js';
import {
  MAX_NOTE_BYTES,
  MAX_NOTE_SIGNATURES,
  type NoteVerifier,
  openSignedNote,
  parseSignedNote,
  printSignatureLine,
  printSignedNote,
  type SignedNote,
} from '../../src/note/signed-note.js';
import { parseVerifierKey } from '../../src/note/verifier-key.js';
import { noteVerifier } from '../../src/signing/note-verifier.js';
import { vectorPath } from '../vectors.js';

const malformed = (error: unknown) => isLogError(error, 'NOTE_MALFORMED');
const unverified = (error: unknown) => isLogError(error, 'NOTE_UNVERIFIED');

interface NoteCase {
  case: string;
  verdict: 'accept' | 'reject' | 'reject-as-checkpoint' | 'reject-if-witness-known' | 'either';
  note_base64: string;
}
const recorded = JSON.parse(readFileSync(vectorPath('note/notes.json'), 'utf8')) as {
  trusted: string[];
  cases: NoteCase[];
};

const trusted = recorded.trusted.map((vkey) => noteVerifier(parseVerifierKey(vkey)));

function judge(note: Uint8Array): string {
  let parsed: SignedNote;
  try {
    parsed = parseSignedNote(note);
    openSignedNote(parsed, trusted);
  } catch (error) {
    assert.ok(malformed(error) || unverified(error));
    return 'reject';
  }
  try {
    assert.equal(printCheckpoint(parseCheckpoint(parsed.text)), parsed.text);
  } catch (error) {
    assert.ok(malformed(error), String(error));
    return 'reject-as-checkpoint';
  }
  return 'accept';
}

test('at least fifty recorded notes are judged', () => {
  assert.ok(recorded.cases.length >= 50);
});

// "either" and the witness cases: a second line of a known key, and a known witness, must verify here.
for (const { case: name, verdict, note_base64 } of recorded.cases) {
  const expected =
    verdict === 'either' || verdict === 'reject-if-witness-known' ? 'reject' : verdict;
  test(`the note "${name}" is judged ${expected}`, () => {
    assert.equal(judge(new Uint8Array(Buffer.from(note_base64, 'base64'))), expected);
  });
}

const line = { name: 'k', keyID: Uint8Array.of(1, 2, 3, 4), signature: Uint8Array.of(5) };
const note: SignedNote = { text: 'text\n', signatures: [line] };

test('a note prints as the specification has it', () => {
  assert.equal(printSignedNote(note), 'text\n\n\u2014 k AQIDBAU=\n');
  assert.deepEqual(parseSignedNote(utf8('text\n\n\u2014 k AQIDBAU=\n')), note);
  assert.deepEqual(parseSignedNote('\n\n\u2014 k AQIDBAU=\n').text, '\n');
});

test('what would not read back is not printed', () => {
  for (const text of ['', 'text', 'a\tb\n', 'a\rb\n', '\ud800\n', '\0\n']) {
    assert.throws(() => printSignedNote({ ...note, text }), malformed);
  }
  assert.throws(() => printSignedNote({ ...note, signatures: [] }), malformed);
  for (const name of ['', 'a b', 'a+b', 'a\u0085', 'a\u3000', 'a\n', '\udfff']) {
    assert.throws(() => printSignatureLine({ ...line, name }), malformed);
  }
  assert.throws(() => printSignatureLine({ ...line, signature: new Uint8Array(0) }), malformed);
  assert.throws(() => printSignatureLine({ ...line, keyID: new Uint8Array(5) }), malformed);
});

test('a byte order mark belongs to the text', () => {
  const text = '\ufefftext\n';
  const bytes = utf8(printSignedNote({ ...note, text }));
  assert.equal(parseSignedNote(bytes).text, text);
});

test('U+FEFF may be in a key name: it is no white space', () => {
  const named = { ...note, signatures: [{ ...line, name: 'a\ufeff' }] };
  assert.deepEqual(parseSignedNote(printSignedNote(named)), named);
});

test('unused base64 bits that are not zero are refused, or the note would not print back', () => {
  assert.throws(() => parseSignedNote('text\n\n\u2014 k AQIDBAV=\n'), malformed);
});

test('a note may have exactly as many signature lines as the limit', () => {
  const signatures = Array.from({ length: MAX_NOTE_SIGNATURES }, () => line);
  const full = printSignedNote({ ...note, signatures });
  assert.equal(parseSignedNote(full).signatures.length, MAX_NOTE_SIGNATURES);
  assert.throws(() => parseSignedNote(full + printSignatureLine(line)), malformed);
});

test('a note may have exactly as many bytes as the limit', () => {
  const rest = utf8(printSignedNote({ ...note, text: '\n' })).length;
  const fits = printSignedNote({ ...note, text: `${'a'.repeat(MAX_NOTE_BYTES - rest)}\n` });
  assert.equal(utf8(fits).length, MAX_NOTE_BYTES);
  parseSignedNote(fits);
  parseSignedNote(utf8(fits));
  assert.throws(() => parseSignedNote(`a${fits}`), malformed);
  assert.throws(() => parseSignedNote(utf8(`a${fits}`)), malformed);
  assert.throws(() => parseSignedNote(fits.replaceAll('a', 'é')), malformed);
});

test('a note without a known key is refused, and so are two verifiers of one key', () => {
  const good: NoteVerifier = { ...line, verify: () => true };
  assert.deepEqual(openSignedNote(note, [good]), [line]);
  assert.throws(() => openSignedNote(note, []), unverified);
  assert.throws(() => openSignedNote(note, [{ ...good, name: 'other' }]), unverified);
  assert.throws(
    () => openSignedNote(note, [{ ...good, keyID: Uint8Array.of(1, 2, 3, 5) }]),
    unverified,
  );
  assert.throws(() => openSignedNote(note, [{ ...good, verify: () => false }]), unverified);
  assert.throws(() => openSignedNote(note, [good, good]), unverified);
});

test('a line that is repeated is verified and given once, one that differs is verified too', () => {
  let verified = 0;
  const verify = (_: Uint8Array, signature: Uint8Array) => ++verified > 0 && signature[0] !== 9;
  const verifier: NoteVerifier = { ...line, verify };
  const other = { ...line, signature: Uint8Array.of(6) };
  const signatures = [line, line, other, line, other];
  assert.deepEqual(openSignedNote({ ...note, signatures }, [verifier]), [line, other]);
  assert.equal(verified, 2);
  const wrong = { ...line, signature: Uint8Array.of(9) };
  const spoilt = { ...note, signatures: [line, line, wrong] };
  assert.throws(() => openSignedNote(spoilt, [verifier]), unverified);
});

test('any bytes are a note that prints back, or are refused', () => {
  const pieces = fc.constantFrom(
    ...[
      '\n',
      '\n\n',
      '\u2014 ',
      '\u2014',
      ' ',
      'k',
      'AQIDBAU=',
      'AQIDBAV=',
      'AQIDBA==',
      '+',
      'é',
      '\r',
    ],
  );
  const texts = fc
    .array(pieces, { maxLength: 14 })
    .map((parts) => utf8(`text\n\n${parts.join('')}`));
  const lines = fc
    .array(
      fc.tuple(
        fc.string({ unit: 'binary', minLength: 1, maxLength: 3 }),
        fc.uint8Array({ minLength: 3, maxLength: 9 }),
      ),
    )
    .map((all) =>
      all.map(([name, bytes]) => `\u2014 ${name} ${Buffer.from(bytes).toString('base64')}\n`),
    )
    .map((all) => utf8(`some\n\ntext\n\n${all.join('')}`));
  let accepted = 0;
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 60 }), texts, lines), (bytes) => {
      let parsed: SignedNote;
      try {
        parsed = parseSignedNote(bytes);
      } catch (error) {
        assert.ok(malformed(error));
        return;
      }
      accepted++;
      assert.deepEqual(utf8(printSignedNote(parsed)), bytes);
    }),
    { seed: 26, numRuns: 4000 },
  );
  assert.ok(accepted > 100, `only ${accepted} notes were accepted`);
});
