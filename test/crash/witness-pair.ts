/**
 * Two witnesses of the log that is killed, of which one is enough: `stele witness` as processes, each with a state of its
 * own. One of them is killed with the log, in turns, and comes back at the same address.
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  programCommand,
  type ServerProcess,
  startListening,
} from '../../bench/harness/server-process.js';

export class WitnessPair {
  readonly #witnesses: readonly KilledWitness[];
  /** Their verifier keys. */
  readonly vkeys: readonly string[];
  /** The flag of the log that names them. */
  readonly flag: string;

  private constructor(folder: string, witnesses: readonly KilledWitness[]) {
    this.#witnesses = witnesses;
    this.vkeys = witnesses.map(({ vkey }) => vkey);
    const lines = witnesses.map(({ vkey, url }, index) => `witness w${index} ${vkey} ${url}\n`);
    const policy = join(folder, 'witness-policy');
    writeFileSync(policy, `${lines.join('')}group either any w0 w1\nquorum either\n`);
    this.flag = `--witness-policy=${policy}`;
  }

  /** Starts both, for the log with this verifier key. */
  static async start(folder: string, logKey: string): Promise<WitnessPair> {
    const paths = [0, 1].map((index) => join(folder, `witness-${index}`));
    return new WitnessPair(
      folder,
      await Promise.all(paths.map((path, index) => KilledWitness.start(path, index, logKey))),
    );
  }

  /** Kills the one whose turn it is in a round; returns when it is gone. */
  async killOne(round: number): Promise<void> {
    await this.#witnesses[round % 2]?.kill();
  }

  /** Starts again whichever is not running. */
  async startAgain(): Promise<void> {
    for (const witness of this.#witnesses) await witness.startAgain();
  }

  /** Kills both. */
  async stop(): Promise<void> {
    for (const witness of this.#witnesses) await witness.kill();
  }
}

class KilledWitness {
  readonly #flags: readonly string[];
  readonly url: string;
  readonly vkey: string;
  #process: ServerProcess | undefined;

  private constructor(flags: readonly string[], process: ServerProcess) {
    this.#flags = flags;
    this.#process = process;
    this.url = process.url;
    const line = /^\{"msg":"listening".*$/m.exec(process.output())?.[0] ?? '{}';
    this.vkey = (JSON.parse(line) as { verifierKeys: readonly string[] }).verifierKeys[0] ?? '';
  }

  static async start(path: string, index: number, logKey: string): Promise<KilledWitness> {
    const seed = `${path}.seed`;
    writeFileSync(seed, `${index + 1}`.repeat(64));
    const flags = [
      ...['--name', `crash.example/w${index}`, '--data-dir', path, '--ed25519-seed-file', seed],
      ...['--log', logKey],
    ];
    return new KilledWitness(flags, await startWitness(flags, '0'));
  }

  async kill(): Promise<void> {
    await this.#process?.kill();
    this.#process = undefined;
  }

  async startAgain(): Promise<void> {
    this.#process ??= await startWitness(this.#flags, new URL(this.url).port);
  }
}

function startWitness(flags: readonly string[], port: string): Promise<ServerProcess> {
  const command = [...programCommand('src/cli/main'), 'witness', ...flags];
  return startListening([...command, '--port', port, '--metrics-port', '0']);
}
