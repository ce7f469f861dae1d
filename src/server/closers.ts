/** Closing what was opened, the last first. */

/** What is to be closed, in the order of opening. */
export type Closers = (() => Promise<void>)[];

/**
 * Runs each closer once, the last first, all of them: one that throws does not keep what lies below it open. Throws
 * the first error when all are done. What was run is taken out, so a second call has nothing to do.
 */
export async function closeAll(closers: Closers): Promise<void> {
  const errors: unknown[] = [];
  for (const close of closers.splice(0).reverse()) {
    try {
      await close();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}
