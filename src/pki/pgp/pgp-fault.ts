/**
 * What can be wrong with OpenPGP data, and how far it reaches. The texts are those of the library that Rekor reads
 * with, because clients see them.
 *
 * In scope: the kinds of fault. Out of scope: error codes of the log; key-ring.ts and signature.ts choose those.
 */

/**
 * How far a fault reaches. `skipped`: a packet that a reader passes over. `unsupported` and `structural`: the key
 * it belongs to is left out of a ring, and the next is read. `fatal`: nothing more can be read. `end`: the data
 * counts as ended here.
 */
export type PgpFaultReach = 'skipped' | 'unsupported' | 'structural' | 'fatal' | 'end';

/** A fault in OpenPGP data. It never leaves this folder. */
export class PgpFault extends Error {
  override readonly name = 'PgpFault';
  readonly reach: PgpFaultReach;

  constructor(reach: PgpFaultReach, message: string) {
    super(message);
    this.reach = reach;
  }
}

/** Returns the fault of data that no OpenPGP writer produces. */
export function structuralFault(reason: string): PgpFault {
  return new PgpFault('structural', `openpgp: invalid data: ${reason}`);
}

/** Returns the fault of a packet that uses what Rekor does not know; readers pass over it. */
export function unsupportedPacket(reason: string): PgpFault {
  return new PgpFault('skipped', `openpgp: unsupported feature: ${reason}`);
}

/** Returns the fault of data that stops before its length is reached. */
export function truncated(): PgpFault {
  return new PgpFault('fatal', 'unexpected EOF');
}

/** Returns the fault of a field that is missing at the very end of its packet. */
export function endOfData(): PgpFault {
  return new PgpFault('end', 'EOF');
}

/** Returns `error` when it is a PgpFault, and throws it on otherwise: the rest are bugs. */
export function asPgpFault(error: unknown): PgpFault {
  if (error instanceof PgpFault) return error;
  throw error;
}
