/** Points in time as Go's time package reads them under the layout RFC3339. */

// Go is laxer than the RFC: an hour of one digit, a comma before the fraction, an offset of 24:60.
const TIME = /^(\d{4})-(\d\d)-(\d\d)T(\d\d?):(\d\d):(\d\d)(?:[.,]\d+)?(?:Z|[+-](\d\d):(\d\d))$/;

/** Returns true for a text that Go takes for a time. */
export function isGoTime(text: string): boolean {
  const found = TIME.exec(text);
  if (found === null) return false;
  const numbers = found.slice(1).map((digits) => Number(digits ?? 0));
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = numbers;
  const [offsetHours = 0, offsetMinutes = 0] = numbers.slice(6);
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return false;
  return hour < 24 && minute < 60 && second < 60 && offsetHours <= 24 && offsetMinutes <= 60;
}

function daysIn(year: number, month: number): number {
  if (month !== 2) return [4, 6, 9, 11].includes(month) ? 30 : 31;
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
}
