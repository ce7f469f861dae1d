/** The two HTML pages of the server: plain, without scripts, nothing loaded from elsewhere. */

import type { LogIdentity, Publication } from '../../log/log.js';
import type { DescribedOperation } from './description.js';

/** Returns the page at `/`: which log this is, how the witnessed ones are published, and where to go on. */
export function homePage(identity: LogIdentity, publications: readonly Publication[]): string {
  const rows = [
    ['Origin', identity.origin],
    ['Tree ID', String(identity.treeID)],
    ['Log ID', identity.logID],
  ];
  const list = rows.map(
    ([name, value]) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd>`,
  );
  return page(
    'Stele, a transparency log',
    `<p>This server keeps an append-only, verifiable log of signed software metadata. It speaks the
Rekor v1 and v2 APIs and C2SP tlog-tiles.</p>
<dl>${list.join('')}</dl>
${publications.map(publicationText).join('')}<ul>
<li><a href="/docs">The API</a>, also as <a href="/swagger.json">OpenAPI description</a></li>
<li><a href="/api/v1/log">The current tree head</a>, and <a href="/checkpoint">that of the v2 API</a></li>
<li><a href="/api/v1/log/publicKey">The public key of the log</a></li>
</ul>`,
  );
}

function publicationText({ size, isMet, trouble, witnesses }: Publication): string {
  const names = witnesses.map(({ witness }) => witness).join(', ');
  const state = isMet
    ? `The published checkpoint, of size ${size}, has the cosignatures that the policy asks for.`
    : 'There is <strong>no published checkpoint with the cosignatures that the policy asks for</strong> now.';
  const more = trouble === undefined ? '' : ` Now: ${escapeHtml(trouble)}.`;
  return `<p>Witnesses: ${escapeHtml(names)}. ${state}${more}</p>\n`;
}

/** Returns the page at `/docs`: the operations of the API. */
export function apiPage(operations: readonly DescribedOperation[]): string {
  const rows = operations.map(
    ({ method, path, summary }) =>
      `<tr><td><code>${escapeHtml(method)}</code></td><td><code>${escapeHtml(path)}</code></td>` +
      `<td>${escapeHtml(summary)}</td></tr>`,
  );
  return page(
    'API',
    `<p>The whole description, with schemas and examples: <a href="/swagger.json">OpenAPI</a>.</p>
<table>${rows.join('\n')}</table>`,
  );
}

function page(title: string, content: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${escapeHtml(title)}</title>
<style>body{font-family:sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
td{padding:.2rem .8rem;vertical-align:top}dd{font-family:monospace;overflow-wrap:anywhere}</style>
</head>
<body>
<h1>${escapeHtml(title)}</h1>
${content}
</body>
</html>
`;
}

function escapeHtml(text: string | undefined): string {
  return (text ?? '').replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
