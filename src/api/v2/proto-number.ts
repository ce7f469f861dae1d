/**
 * Numbers of JSON as Go's protojson takes them for fields of 32 bits: by their digits, so that `5.0`, `50e-1` and
 * `5` are the same and no rounding makes an integer of what is none.
 *
 * In scope: the text of one number. Out of scope: numbers in strings, which enums do not have.
 */

const NUMBER = /^(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/;
/** More digits than any field has: Go does not write out an exponent beyond them. */
const MAX_DIGITS = 20;
const MAX_EXPONENT = 2_147_483_647;
const DIGIT_ZERO = 0x30;

/** Returns the value of a signed number of 32 bits; undefined if `text` is no such number. */
export function proto32OfNumber(text: string): number | undefined {
  const match = NUMBER.exec(text);
  if (match === null) return undefined;
  const digits = integerDigits(match[2] as string, match[3] ?? '', match[4] ?? '0');
  // Zeros in front do not count: a number with more digits than the bound is too large whatever they are.
  const value = digits === undefined ? Number.NaN : Number(`${match[1]}${digits}`);
  if (!(value >= -2_147_483_648 && value <= 2_147_483_647)) return undefined;
  // No negative zero.
  return value | 0;
}

/** Returns the digits of a number without its exponent; undefined if it is no integer or far too large. */
function integerDigits(whole: string, decimals: string, exponent: string): string | undefined {
  const leading = whole === '0' ? '' : whole;
  const fraction = withoutFinalZeros(decimals);
  if (leading === '' && fraction === '') return '0';
  const shift = Number(exponent);
  if (!(Math.abs(shift) <= MAX_EXPONENT)) return undefined;
  if (shift >= 0) {
    if (fraction.length > shift || leading.length + shift > MAX_DIGITS) return undefined;
    return leading + fraction.padEnd(shift, '0');
  }
  const kept = leading.length + shift;
  if (fraction !== '' || kept < 0) return undefined;
  return withoutFinalZeros(leading).length <= kept ? leading.slice(0, kept) : undefined;
}

function withoutFinalZeros(digits: string): string {
  let end = digits.length;
  while (end > 0 && digits.charCodeAt(end - 1) === DIGIT_ZERO) end--;
  return digits.slice(0, end);
}
