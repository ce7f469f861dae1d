/** Percentiles of measured times. */

/** Returns the smallest value that `fraction` (0 to 1) of the values do not exceed; 0 of nothing. */
export function percentile(sorted: ArrayLike<number>, fraction: number): number {
  const rank = Math.min(sorted.length - 1, Math.max(0, Math.ceil(fraction * sorted.length) - 1));
  return sorted[rank] ?? 0;
}

/** Returns the middle of `values`. */
export function median(values: readonly number[]): number {
  return percentile(
    [...values].sort((a, b) => a - b),
    0.5,
  );
}
