import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { ERROR_CODES } from '../../src/errors.js';
import { optionMarkdown } from '../../src/server/option-text.js';
import { clientLines } from '../../src/trust/client-lines.js';
import { packageRoot } from '../vectors.js';

const read = (name: string): string => readFileSync(join(packageRoot, name), 'utf8');

/** Returns what is wrong between a page that explains codes and a list of codes. */
function codeProblems(page: string, codes: readonly string[]): readonly string[] {
  const sections = page.split(/^### /m).slice(1);
  const explained = sections.map((section) => /^`([A-Z_]+)`\n(\S)?/.exec(section));
  const names = explained.map((match) => match?.[1] ?? 'a heading that is no code');
  return [
    ...codes.filter((code) => !names.includes(code)).map((code) => `${code} is not explained`),
    ...names.filter((name) => !codes.includes(name)).map((name) => `${name} is no code`),
    ...names.filter((name, at) => names.indexOf(name) !== at).map((name) => `${name} twice`),
    ...explained.flatMap((match) => (match !== null && match[2] === undefined ? ['empty'] : [])),
  ];
}

/** Returns the relative links of a page that lead nowhere. */
function deadLinks(page: string): readonly string[] {
  const links = [...read(page).matchAll(/\]\((?!https?:)([^)#]+)/g)].map((match) => match[1] ?? '');
  return links.filter((link) => !existsSync(join(packageRoot, dirname(page), link)));
}

describe('the documentation', () => {
  it('explains every error code and no other', () => {
    assert.deepEqual(codeProblems(read('docs/errors.md'), ERROR_CODES), []);
  });

  it('would not pass with a code too few, too many, twice, or without a word', () => {
    const page = '### `A_CODE`\nWhat it is.\n\n### `B_CODE`\nWhat it is.\n';
    assert.deepEqual(codeProblems(page, ['A_CODE', 'B_CODE']), []);
    assert.deepEqual(codeProblems(page, ['A_CODE', 'B_CODE', 'C_CODE']), [
      'C_CODE is not explained',
    ]);
    assert.deepEqual(codeProblems(page, ['A_CODE']), ['B_CODE is no code']);
    assert.deepEqual(codeProblems(page + page, ['A_CODE', 'B_CODE']), [
      'A_CODE twice',
      'B_CODE twice',
    ]);
    assert.deepEqual(codeProblems('### `A_CODE`\n\n### `B_CODE`\nx', ['A_CODE', 'B_CODE']), [
      'empty',
    ]);
  });

  it('has the lines for each client as the command prints them', () => {
    const plain = (text: string): string => text.replace(/\s*\\\n\s*|\s+/g, ' ');
    const page = plain(read('docs/trust.md'));
    const scene = {
      url: 'https://log.example.org',
      folder: 'trust',
      hasCertificateAuthority: true,
      hasTimestampAuthority: true,
    };
    for (const { client, lines } of clientLines(scene)) {
      for (const line of lines.filter((text) => !text.includes('cosign.'))) {
        assert.ok(page.includes(plain(line)), `${client}: ${line}`);
      }
    }
  });

  it('shows the options as they are', () => {
    const page = read('docs/operating.md');
    const [, table] = /<!-- options:[^>]*-->\n([\s\S]*?)<!-- end of options -->/.exec(page) ?? [];
    assert.equal(table, `\n${optionMarkdown()}\n`);
  });

  for (const page of [
    'README.md',
    'docs/operating.md',
    'docs/errors.md',
    'docs/clients.md',
    'docs/trust.md',
    'docs/what-an-entry-proves.md',
    'docs/witness.md',
    'docs/mirror.md',
    'docs/watch.md',
  ]) {
    it(`has no dead link in ${page}`, () => {
      assert.deepEqual(deadLinks(page), []);
    });
  }
});
