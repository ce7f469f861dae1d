/** Runs bench/subscribers.ts as a process of its own and asks it what it heard. */

import { once } from 'node:events';
import { type StartedProgram, startProgram } from './child-process.js';
import { pause, programCommand, projectRoot } from './server-process.js';

/** What the program is told. */
export type SubscribersTask =
  | { readonly url: string; readonly targets: readonly string[] }
  | { readonly ask: 'count' | 'heard' };

/** When somebody heard of an entry: its index, and milliseconds of the clock that all processes share. */
export type Heard = readonly [index: number, ms: number];

/** Returns now, by that clock. */
export function sharedMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Subscribers of one server. */
export class Subscribers {
  readonly #program: StartedProgram;

  private constructor(program: StartedProgram) {
    this.#program = program;
  }

  /** Resolves when there is a subscription to each target. */
  static async start(url: string, targets: readonly string[]): Promise<Subscribers> {
    const command = programCommand('bench/subscribers');
    const program = startProgram(command, { cwd: projectRoot, channel: true });
    const subscribers = new Subscribers(program);
    await subscribers.#ask({ url, targets });
    return subscribers;
  }

  /** Resolves to what was heard since the last time, when it is as much as that. Throws when it is not after 30 s. */
  async heard(count: number): Promise<readonly Heard[]> {
    const began = performance.now();
    while (Number(await this.#ask({ ask: 'count' })) < count) {
      if (performance.now() - began > 30_000) throw new Error('subscribers did not hear of all');
      await pause(20);
    }
    return (await this.#ask({ ask: 'heard' })) as Heard[];
  }

  async end(): Promise<void> {
    await this.#program.end('SIGTERM', 5_000);
  }

  async #ask(task: SubscribersTask): Promise<unknown> {
    const { child, exited } = this.#program;
    child.send(task);
    const ended = exited.then(() => {
      throw new Error(`the subscribers have ended: ${this.#program.output()}`);
    });
    const [answer] = await Promise.race([once(child, 'message'), ended]);
    return answer;
  }
}
