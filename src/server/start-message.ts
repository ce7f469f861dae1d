/** What a terminal shows when the log is ready: where things lie, who the log is, what to do next. */

import type { Config } from './config.js';
import type { DataFolder } from './data-folder.js';
import type { PublicIdentity } from './identity.js';

/** Returns the start message, as text of several lines. */
export function startMessage(
  url: string,
  metricsUrl: string,
  identity: PublicIdentity,
  folder: DataFolder,
  config: Config,
): string {
  const lines = [
    '',
    `Stele is a transparency log, and it is ready: ${url}`,
    '',
    `  origin         ${identity.origin}  (v1), ${identity.v2.origin} (v2)`,
    `  tree ID        ${treeIDs(identity)}`,
    `  log ID         ${identity.logID}`,
    ...identity.verifierKeys.map((vkey) => `  verifier key   ${vkey}`),
    `  public key     ${url}/api/v1/log/publicKey  (also in ${folder.identity})`,
    `  private keys   ${config.signingKey ?? folder.logKey}`,
    `                 ${config.tileKey ?? folder.tileKey}  (back both up: without them the log ends)`,
    `  data           ${folder.store}`,
    `  guard          ${folder.guard}  (best on another volume; leave it out of backups)`,
    `  metrics        ${metricsUrl}`,
    '',
    'Next, in another terminal, in the folder of Stele:',
    ...nextSteps(url, folder).flatMap(([command, what]) => [`  ${command}`, `      ${what}`]),
    '',
    'Ctrl-C stops the log; what it has acknowledged is on disk. Each request writes a JSON line here',
    '(--log-level warn: only trouble).',
    '',
    ...(identity.hostname === 'localhost' ? [LOCALHOST_WARNING, ''] : []),
  ];
  return `${lines.join('\n')}\n`;
}

function treeIDs({ treeID, v2 }: PublicIdentity): string {
  return v2.treeID === treeID ? `${treeID}  (both APIs)` : `${treeID}  (v1), ${v2.treeID} (v2)`;
}

function nextSteps(url: string, folder: DataFolder): readonly (readonly [string, string])[] {
  return [
    [
      `npm run demo -- --url ${url}`,
      'sign, submit and verify offline, step by step; puts entries into this log',
    ],
    [`curl ${url}/api/v1/log`, 'how many entries the log has, with its signed checkpoint'],
    [
      `curl ${url}/checkpoint`,
      'the checkpoint of the v2 log, whose tiles are below the same address',
    ],
    [`npx stele keys show --data-dir ${folder.root}`, 'the public key that verifiers need'],
    ['npx stele verify --help', 'verify entries and Sigstore bundles offline'],
    [`rekor-cli --rekor_server ${url} loginfo`, 'Rekor clients work as they are; see README.md'],
  ];
}

/** What is said at each start of a log that is named localhost. */
export const LOCALHOST_WARNING =
  'This log is named "localhost" for ever. A public log needs a name of its own: start it in a new\n' +
  'data folder with --hostname log.example.org, because clients compare it with the URL.';
