/** The page of the witness, at `/`: who it is, what it follows, how far. Plain, nothing loaded from elsewhere. */

import { printVerifierKey, type VerifierKey } from '../note/verifier-key.js';
import type { FollowedLog } from './followed-logs.js';
import type { Head } from './head-row.js';

/** A log with what is known of it. */
export interface LogStatus {
  readonly log: FollowedLog;
  /** `unreadable` when its rows are damaged. */
  readonly head: Head | undefined | 'unreadable';
  readonly evidence: number;
}

/** Most logs that are listed. */
export const MAX_LISTED_LOGS = 500;

/** Returns the page; `unlisted` logs are followed besides. */
export function statusPage(
  keys: readonly VerifierKey[],
  logs: readonly LogStatus[],
  unlisted: number,
): string {
  const name = keys[0]?.name ?? '';
  const vkeys = keys.map((key) => `<li><code>${escapeHtml(printVerifierKey(key))}</code></li>`);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Witness ${escapeHtml(name)}</title>
<style>body{font-family:sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}
td,th{padding:.2rem .8rem;text-align:left;vertical-align:top}code{overflow-wrap:anywhere}</style>
</head>
<body>
<h1>Witness ${escapeHtml(name)}</h1>
<p>It cosigns the checkpoints of the logs below when they extend what it has cosigned before. It says
nothing about what is in them. A log that is its own only witness proves nothing.</p>
<ul>${vkeys.join('\n')}</ul>
<table>
<tr><th>Log</th><th>Tree size</th><th>Cosigned at</th><th>Conflicts</th></tr>
${logs.map(rowOf).join('\n')}
</table>
${unlisted === 0 ? '' : `<p>And ${unlisted} more.</p>`}
</body>
</html>
`;
}

function rowOf({ log, head, evidence }: LogStatus): string {
  const origin = `${escapeHtml(log.origin)}${log.isDisabled ? ' (disabled)' : ''}`;
  const conflicts = evidence === 0 ? '0' : `<a href="/${log.id}/evidence">${evidence}</a>`;
  const [size, time] = sizeAndTime(log.id, head);
  return `<tr><td>${origin}</td><td>${size}</td><td>${time}</td><td>${conflicts}</td></tr>`;
}

function sizeAndTime(id: string, head: LogStatus['head']): readonly [size: string, time: string] {
  if (head === undefined) return ['none yet', ''];
  if (head === 'unreadable') return ['cannot be read', ''];
  return [`<a href="/${id}/checkpoint">${head.size}</a>`, isoTime(head.timeSeconds)];
}

function isoTime(seconds: bigint): string {
  const date = new Date(Number(seconds) * 1000);
  return Number.isNaN(date.getTime()) ? `${seconds} s` : date.toISOString();
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
