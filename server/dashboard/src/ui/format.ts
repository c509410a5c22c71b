/** Numbers and times, written the same everywhere. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const plain = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 });
const exact = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });
const day = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium' });

/** A whole number: `12,345`. */
export function whole(value: number): string {
  return plain.format(value);
}

/** A number that fits into a narrow column: `12.3K`. */
export function compact(value: number): string {
  return value < 10_000 ? plain.format(value) : short.format(value);
}

/** A part of a whole, as a percentage. Nothing that is not all is shown as 100 %. */
export function percent(part: number): string {
  if (part > 0.9999 && part < 1) return '99.99 %';
  return `${(part * 100).toFixed(part > 0.99 && part < 1 ? 2 : 1).replace(/\.0+$/, '')} %`;
}

/** Bytes: `1.5 GB`. */
export function bytes(value: number): string {
  const units = ['bytes', 'KB', 'MB', 'GB', 'TB'];
  let size = value;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${size >= 100 || unit === 0 ? Math.round(size) : size.toFixed(1)} ${units[unit]}`;
}

/** A length of time: `3 min`, `2 d`. */
export function duration(ms: number): string {
  if (ms < MINUTE) return `${Math.max(0, Math.round(ms / 1000))} s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`;
  if (ms < 2 * DAY) return `${Math.floor(ms / HOUR)} h`;
  if (ms < 60 * DAY) return `${Math.floor(ms / DAY)} d`;
  if (ms < 730 * DAY) return `${Math.floor(ms / (30 * DAY))} mo`;
  return `${Math.floor(ms / (365 * DAY))} y`;
}

/** How long ago, or in how long: `3 min ago`, `in 2 d`, `just now`. */
export function relative(time: number, now: number): string {
  const ago = now - time;
  if (Math.abs(ago) < 5_000) return 'just now';
  return ago > 0 ? `${duration(ago)} ago` : `in ${duration(-ago)}`;
}

/** The exact moment, in the zone of who looks, and in UTC. */
export function moment(time: number): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return 'at no time that a calendar has';
  return `${exact.format(date)} (${date.toISOString().replace('.000Z', 'Z')})`;
}

/** The day alone. */
export function date(time: number): string {
  return day.format(new Date(time));
}

/** `1 user`, `2 users`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${whole(count)} ${count === 1 ? one : many}`;
}
