/** What commands of the CLI share: exit codes, where lines go, and errors of the machine rather than the data. */

/** Exit codes of every command. */
export const EXIT = { verified: 0, notVerified: 1, usage: 2, operational: 3 } as const;

/** One of the exit codes. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Where a command writes its lines. */
export interface Output {
  /** Writes one line; the newline is added. */
  line(text: string): void;
}

/** Something that the command needs is missing or cannot be read: exit code 3. */
export class OperationalError extends Error {
  override readonly name = 'OperationalError';
}
