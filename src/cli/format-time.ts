/**
 * The conversions of strftime(3) in the C locale, as glibc does them, for the `@X` sequences of
 * `linnet sub -F`. Times are local.
 */
const dayNames = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const monthNames = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

const dayMs = 86_400_000;

const conversions: Readonly<Record<string, (time: Date) => string>> = {
  '%': () => '%',
  a: (time) => dayName(time).slice(0, 3),
  A: dayName,
  b: (time) => monthName(time).slice(0, 3),
  B: monthName,
  c: (time) => join(time, 'a', ' ', 'b', ' ', 'e', ' ', 'T', ' ', 'Y'),
  C: (time) => padded(Math.floor(time.getFullYear() / 100), 2),
  d: (time) => padded(time.getDate(), 2),
  D: (time) => join(time, 'm', '/', 'd', '/', 'y'),
  e: (time) => padded(time.getDate(), 2, ' '),
  F: (time) => join(time, 'Y', '-', 'm', '-', 'd'),
  g: (time) => padded(isoWeek(time).year % 100, 2),
  G: (time) => String(isoWeek(time).year),
  h: (time) => monthName(time).slice(0, 3),
  H: (time) => padded(time.getHours(), 2),
  I: (time) => padded(hourOf12(time), 2),
  j: (time) => padded(dayOfYear(time) + 1, 3),
  k: (time) => padded(time.getHours(), 2, ' '),
  l: (time) => padded(hourOf12(time), 2, ' '),
  m: (time) => padded(time.getMonth() + 1, 2),
  M: (time) => padded(time.getMinutes(), 2),
  n: () => '\n',
  p: (time) => (time.getHours() < 12 ? 'AM' : 'PM'),
  P: (time) => (time.getHours() < 12 ? 'am' : 'pm'),
  r: (time) => join(time, 'I', ':', 'M', ':', 'S', ' ', 'p'),
  R: (time) => join(time, 'H', ':', 'M'),
  s: (time) => String(Math.floor(time.getTime() / 1000)),
  S: (time) => padded(time.getSeconds(), 2),
  t: () => '\t',
  T: (time) => join(time, 'H', ':', 'M', ':', 'S'),
  u: (time) => String(time.getDay() === 0 ? 7 : time.getDay()),
  U: (time) => padded(weekOfYear(time, time.getDay()), 2),
  V: (time) => padded(isoWeek(time).week, 2),
  w: (time) => String(time.getDay()),
  W: (time) => padded(weekOfYear(time, (time.getDay() + 6) % 7), 2),
  x: (time) => join(time, 'm', '/', 'd', '/', 'y'),
  X: (time) => join(time, 'H', ':', 'M', ':', 'S'),
  y: (time) => padded(time.getFullYear() % 100, 2),
  Y: (time) => String(time.getFullYear()),
  z: zoneOffset,
  Z: zoneName,
};

/** What `strftime("%X")` gives for one conversion character; one that does not exist comes back as it is. */
export function strftime(conversion: string, time: Date): string {
  return conversions[conversion]?.(time) ?? `%${conversion}`;
}

/** `2026-05-06T21:48:00+0100`; `fraction` goes behind the seconds. */
export function isoTime(time: Date, fraction = ''): string {
  const clock = strftime('T', time);
  return `${strftime('F', time)}T${clock}${fraction}${strftime('z', time)}`;
}

function join(time: Date, ...parts: readonly string[]): string {
  return parts.map((part) => conversions[part]?.(time) ?? part).join('');
}

function padded(value: number, width: number, pad = '0'): string {
  return String(value).padStart(width, pad);
}

function dayName(time: Date): string {
  return dayNames[time.getDay()] ?? '';
}

function monthName(time: Date): string {
  return monthNames[time.getMonth()] ?? '';
}

function hourOf12(time: Date): number {
  return time.getHours() % 12 === 0 ? 12 : time.getHours() % 12;
}

/** 0 for the first of January. Computed in UTC, where every day has 24 hours. */
function dayOfYear(time: Date): number {
  const today = Date.UTC(time.getFullYear(), time.getMonth(), time.getDate());
  return Math.round((today - Date.UTC(time.getFullYear(), 0, 1)) / dayMs);
}

/** Weeks since the first one that begins in this year; `weekday` counts from the week's first day. */
function weekOfYear(time: Date, weekday: number): number {
  return Math.floor((dayOfYear(time) + 7 - weekday) / 7);
}

/** ISO 8601: a week belongs to the year in which its Thursday lies. */
function isoWeek(time: Date): { readonly year: number; readonly week: number } {
  const weekday = (time.getDay() + 6) % 7;
  const thursday = new Date(time.getFullYear(), time.getMonth(), time.getDate() - weekday + 3, 12);
  return { year: thursday.getFullYear(), week: Math.floor(dayOfYear(thursday) / 7) + 1 };
}

function zoneOffset(time: Date): string {
  const minutes = -time.getTimezoneOffset();
  const sign = minutes < 0 ? '-' : '+';
  const size = Math.abs(minutes);
  return `${sign}${padded(Math.floor(size / 60), 2)}${padded(size % 60, 2)}`;
}

function zoneName(time: Date): string {
  const parts = new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' }).formatToParts(time);
  return parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
}
