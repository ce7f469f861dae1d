/**
 * One costly request begun in each turn of the event loop.
 *
 * Clients that send at the same moment are read in one turn, and what they ask for would be done in that turn, one
 * after the other, before anybody else is heard. State: who waits for a turn.
 */

/** Lets one through in each turn, in the order of arrival; at rest nobody waits. */
export class TurnGate {
  readonly #waiting: (() => void)[] = [];
  #taken = false;

  /** Returns when the caller may begin; undefined when that is now. */
  pass(): Promise<void> | undefined {
    if (this.#taken) return new Promise((resolve) => this.#waiting.push(resolve));
    this.#take();
    return undefined;
  }

  #take(): void {
    this.#taken = true;
    setImmediate(() => this.#nextTurn());
  }

  #nextTurn(): void {
    const next = this.#waiting.shift();
    this.#taken = false;
    if (next === undefined) return;
    this.#take();
    next();
  }
}
