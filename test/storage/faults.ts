import type { FaultPoint, StoreFault, StoreStep } from '../../src/storage/fault-point.js';

/** A fault point that a test arms for the next step of a kind. */
export class Faults {
  #armed: { step: StoreStep; fault: StoreFault } | undefined;

  readonly point: FaultPoint = (step) => {
    if (this.#armed?.step !== step) return undefined;
    const { fault } = this.#armed;
    this.#armed = undefined;
    return fault;
  };

  arm(step: StoreStep, fault: StoreFault): void {
    this.#armed = { step, fault };
  }
}
