/** Moments and spans of time as protobuf's JSON writes them. */

/** A span of time, both ends in it, in seconds since 1970. */
export interface ValidityWindow {
  readonly startSeconds: number;
  /** Absent: no end is known. */
  readonly endSeconds?: number;
}

/** Returns the span as a message TimeRange. */
export function timeRange({ startSeconds, endSeconds }: ValidityWindow): object {
  return {
    start: timestampText(startSeconds),
    ...(endSeconds !== undefined && { end: timestampText(endSeconds) }),
  };
}

/** Returns a moment in RFC 3339, in UTC and without a fraction: no client reads any other form differently. */
export function timestampText(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}

const RFC3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(Z|[+-]\d\d:\d\d)$/;

/** Returns the moment of an RFC 3339 text without a fraction, in seconds since 1970; undefined for any other text. */
export function parseTimestamp(text: string): number | undefined {
  const [, local] = RFC3339.exec(text) ?? [];
  const milliseconds = local === undefined ? Number.NaN : Date.parse(text);
  if (Number.isNaN(milliseconds)) return undefined;
  // Date.parse takes the 31st of every month for a day.
  if (timestampText(Date.parse(`${local}Z`) / 1000) !== `${local}Z`) return undefined;
  return milliseconds / 1000;
}
