// Two monitors that poll a log once at each call: Sigstore's rekor_monitor, unmodified, and ours. Each poll returns
// { output, found, isConsistent, isAlarmed }; `found` holds the indexes of entries by one of the values, in order.
import { execFile, execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startProgram } from '../../dist/bench/harness/child-process.js';
import {
  environmentWithoutSettings,
  programCommand,
} from '../../dist/bench/harness/server-process.js';
import { SIGSTORE_PYTHON } from './sigstore-python.mjs';
import { stele } from './started-log.mjs';
import { toolPath } from './tools.mjs';

/** The path of Sigstore's monitor. */
export const REKOR_MONITOR = toolPath(
  'STELE_REKOR_MONITOR',
  'rekor_monitor-0.0.0-20260818080513-564014c8c3a2',
  'rekor_monitor',
);

const TUF_REPOSITORY = fileURLToPath(new URL('tuf_repository.py', import.meta.url));
const POLLED_WITHIN_MS = 60_000;

/** Writes what rekor_monitor must trust for one API of a log into `folder`, a TUF repository to be served. */
export function trustOfMonitor(folder, log, url, api) {
  const exported = join(folder, 'exported');
  const repository = join(folder, 'repository');
  for (const each of [folder, repository]) mkdirSync(each);
  stele(
    ...['trust', 'export', '--data-dir', log.dataDir, '--out', exported],
    ...['--public-url', url, '--trust-apis', api],
  );
  const names = { 'trusted-root.json': 'trusted_root.json', 'signing-config.json': CONFIG };
  const files = Object.entries(names).map(([from, to]) => {
    copyFileSync(join(exported, from), join(folder, to));
    return join(folder, to);
  });
  execFileSync(SIGSTORE_PYTHON, [TUF_REPOSITORY, repository, ...files]);
  return repository;
}

const CONFIG = 'signing_config.v0.2.json';

/** Returns rekor_monitor with a state of its own in `folder`; `tuf` is { url, folder } of its trust. */
export function rekorMonitor(folder, url, tuf, { fingerprints, subjects }) {
  mkdirSync(folder);
  const [config, state] = ['config', 'state'].map((name) => join(folder, name));
  writeFileSync(config, JSON.stringify({ monitoredValues: { fingerprints, subjects } }));
  const args = [
    ...['-url', url, '-tuf-repository', tuf.url, '-tuf-root-path', join(tuf.folder, 'root.json')],
    ...['-config-file', config, '-file', state, '-once=true'],
  ];
  const poll = async () => {
    // It keeps what it trusts in the home folder.
    const said = await outputOf(REKOR_MONITOR, args, { HOME: folder });
    const lines = [...said.matchAll(/^Found \S+ (\d+)\b/gm)];
    return {
      output: said,
      found: sorted(lines.map(([, index]) => Number(index))),
      isConsistent: said.includes('Root hash consistency verified'),
      // It exits 0 all the same.
      isAlarmed: said.includes('error running consistency check'),
    };
  };
  return { poll };
}

/** Returns `stele monitor` with a state of its own in `folder`; `log` is as its configuration has it. */
export function steleMonitor(folder, log, { fingerprints, subjects }) {
  mkdirSync(folder);
  const config = join(folder, 'config');
  const watch = [
    { name: 'keys', key: fingerprints },
    { name: 'names', subject: subjects },
  ];
  writeFileSync(config, JSON.stringify({ logs: [log], watch }));
  const command = [
    ...programCommand('src/cli/main'),
    ...['monitor', '--once', '--state-dir', join(folder, 'state'), '--config', config],
  ];
  const poll = async () => {
    const program = startProgram(command, { env: environmentWithoutSettings() });
    const { code } = await program.exited;
    const lines = program.output().match(/^\{.*"type":"match".*$/gm) ?? [];
    return {
      output: program.output(),
      found: sorted(lines.map((line) => JSON.parse(line).index)),
      isConsistent: code === 0 || code === 4,
      isAlarmed: code === 1,
    };
  };
  return { poll };
}

const sorted = (indexes) => [...new Set(indexes)].sort((a, b) => a - b);

function outputOf(program, args, env) {
  const options = { env, timeout: POLLED_WITHIN_MS, killSignal: 'SIGKILL' };
  return new Promise((resolve) => {
    execFile(program, args, options, (_, stdout, stderr) => resolve(stdout + stderr));
  });
}
