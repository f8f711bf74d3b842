import { sqlError, unsupported } from './errors.ts';
import { coerce, strict2 } from './exprMake.ts';
import type { Compiled } from './exprTypes.ts';
import { dateArg } from './functionsDate.ts';
import { fromMoment, toMoment } from './temporal.ts';
import { datetime2, datetimeoffset, isDateTimeOffset, nvarchar, unixMsFromDatetime2 } from './values.ts';

/** Names of zones as Windows has them, beside the IANA names that JS knows; the ones our scripts and tests use. */
const WINDOWS_ZONES: Readonly<Record<string, string>> = {
  utc: 'UTC',
  'gmt standard time': 'Europe/London',
  'greenwich standard time': 'Atlantic/Reykjavik',
  'w. europe standard time': 'Europe/Berlin',
  'romance standard time': 'Europe/Paris',
  'central europe standard time': 'Europe/Budapest',
  'gtb standard time': 'Europe/Athens',
  'fle standard time': 'Europe/Helsinki',
  'eastern standard time': 'America/New_York',
  'central standard time': 'America/Chicago',
  'mountain standard time': 'America/Denver',
  'pacific standard time': 'America/Los_Angeles',
  'tokyo standard time': 'Asia/Tokyo',
  'india standard time': 'Asia/Kolkata',
  'aus eastern standard time': 'Australia/Sydney',
};

const formats = new Map<string, Intl.DateTimeFormat>();

function formatFor(zone: string): Intl.DateTimeFormat {
  const found = formats.get(zone);
  if (found) return found;
  const timeZone = WINDOWS_ZONES[zone.toLowerCase()];
  if (timeZone === undefined) throw unsupported(`The time zone ${zone}`);
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  formats.set(zone, made);
  return made;
}

/** Minutes east of UTC of a zone at an instant in ms since 1970. */
function offsetAt(zone: string, ms: number): number {
  const parts = Object.fromEntries(
    formatFor(zone)
      .formatToParts(ms)
      .map((p) => [p.type, Number(p.value)]),
  );
  const local = Date.UTC(
    parts['year'] ?? 0,
    (parts['month'] ?? 1) - 1,
    parts['day'] ?? 1,
    parts['hour'] ?? 0,
    parts['minute'] ?? 0,
    parts['second'] ?? 0,
  );
  return Math.round((local - Math.floor(ms / 1000) * 1000) / 60_000);
}

/** x AT TIME ZONE z: a datetimeoffset is shown in the zone, any other value is taken to be local to it. */
export function atTimeZone(arg: Compiled, zone: Compiled): Compiled {
  const x = dateArg(arg, datetime2(7));
  if (x.type.k === 'date' || x.type.k === 'time') throw sqlError(8116, x.type.k, 1, 'AT TIME ZONE');
  const type = datetimeoffset('s' in x.type ? x.type.s : x.type.k === 'datetime' ? 3 : 0);
  return strict2(type, x, coerce(zone, nvarchar(128)), (v, z) => {
    const name = z as string;
    if (isDateTimeOffset(v)) return { utc: v.utc, offset: offsetAt(name, unixMsFromDatetime2(v.utc)) };
    const m = toMoment(v, x.type);
    const localMs = (m.day - 719_162) * 86_400_000 + m.units / 10_000;
    // The offset at the guess decides; a second look settles the hours around a change.
    const guess = offsetAt(name, localMs);
    const offset = offsetAt(name, localMs - guess * 60_000);
    return fromMoment({ day: m.day, units: m.units, offset }, type) ?? null;
  });
}
