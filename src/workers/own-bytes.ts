/** Results made fit for sending: a view of a large buffer would take the whole buffer along. */

/** Returns `value` with every byte array in its own members cut out of the buffer that it is a view of. */
export function withOwnBytes<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([name, member]) => [
    name,
    member instanceof Uint8Array ? Uint8Array.from(member) : member,
  ]);
  return Object.fromEntries(members) as Value;
}
