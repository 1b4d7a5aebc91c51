// Dates of members: local time of whoever wrote the archive, in steps of two seconds, from 1980 to 2107.
//
//     time   hours 15..11   minutes 10..5   seconds/2  4..0
//     date   years 15..9    month    8..5   day        4..0      years since 1980
//
// As text they are "2024-05-06T07:08:10". Fields hold what no clock shows (month 0, second 62); the text shows it as it is.

const FORM = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})$/;
const FIRST_YEAR = 1980;

/** The earliest date that there is, which stands for none. */
export const NO_DATE = "1980-01-01T00:00:00";

/** The two fields of a date as text. */
export function decodeDate(time: number, date: number): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${FIRST_YEAR + (date >> 9)}-${two((date >> 5) & 15)}-${two(date & 31)}`;
  return `${day}T${two(time >> 11)}:${two((time >> 5) & 63)}:${two((time & 31) * 2)}`;
}

/** The two fields of a date; odd seconds are rounded down. Throws a `RangeError` for what the fields cannot hold. */
export function encodeDate(text: string): { readonly time: number; readonly date: number } {
  const [year = -1, month = -1, day = -1, hours = -1, minutes = -1, seconds = -1] =
    FORM.exec(text)?.slice(1).map(Number) ?? [];
  const years = year - FIRST_YEAR;
  if (years < 0 || years > 127 || month > 15 || day > 31 || hours > 31 || minutes > 63 || seconds > 63) {
    throw new RangeError(`no date of a zip member, such as "2024-05-06T07:08:10" from 1980 to 2107: ${text}`);
  }
  return { time: (hours << 11) | (minutes << 5) | (seconds >> 1), date: (years << 9) | (month << 5) | day };
}

/**
 * A moment as the date of a member, in local time or with `utc` in UTC. Throws a `RangeError` for a year that members cannot have.
 */
export function toZipDate(moment: Date, options: { readonly utc?: boolean | undefined } = {}): string {
  const minutes = options.utc === true ? 0 : moment.getTimezoneOffset();
  const text = new Date(moment.getTime() - minutes * 60_000).toISOString().slice(0, 19);
  encodeDate(text);
  return text;
}
