import type { Convert } from './convertNumber.ts';
import { scaleOf } from './convertNumber.ts';
import { sqlError } from './errors.ts';
import { toDouble } from './numeric.ts';
import { type DateOrder, orderOfStyle, readMoment } from './parseTemporal.ts';
import { fromMoment, type Moment, toMoment } from './temporal.ts';
import { typeName } from './typeNames.ts';
import { type SqlType, type SqlValue, TICKS_PER_DAY } from './values.ts';

function outOfRange(from: SqlType, to: SqlType): ReturnType<typeof sqlError> {
  return sqlError(242, typeName(from), typeName(to));
}

/** Between temporal types: rounding by the target's scale, 242 when it does not reach that far. */
export function temporalToTemporal(from: SqlType, to: SqlType): Convert {
  if (from.k === to.k && (!('s' in from) || !('s' in to) || from.s <= to.s)) return (v) => v;
  return (v) => {
    const out = fromMoment(toMoment(v, from), to);
    if (out === undefined) throw outOfRange(from, to);
    return out;
  };
}

/** From a string: 241 when it is no date or time, 242 when it is out of the old types' range, 295 for smalldatetime. */
export function stringToTemporal(
  from: SqlType,
  to: SqlType,
  style: number | undefined,
  order: DateOrder = 'mdy',
): Convert {
  const chosen = orderOfStyle(style) ?? order;
  const old = to.k === 'datetime' || to.k === 'smalldatetime';
  return (v) => {
    const read = readMoment(v as string, chosen);
    if (!read) throw sqlError(to.k === 'smalldatetime' ? 295 : 241);
    if (old && (read.digits > 3 || (read.hasOffset && style !== 127 && style !== 126))) throw sqlError(241);
    if (!read.valid) throw old ? outOfRange(from, to) : sqlError(241);
    const out = fromMoment(read, to);
    if (out === undefined) throw old ? outOfRange(from, to) : sqlError(241);
    return out;
  };
}

/** Numbers to datetime and smalldatetime: days since 1900, the fraction being the clock. */
export function numberToTemporal(from: SqlType, to: SqlType): Convert {
  const scale = scaleOf(from);
  return (v) => {
    const days = typeof v === 'bigint' ? toDouble(v, scale) : (v as number);
    const whole = Math.floor(days);
    const moment: Moment = { day: whole + 693_595, units: Math.round((days - whole) * 864_000_000) * 1000, offset: 0 };
    const out = fromMoment(moment, to);
    if (out === undefined) throw sqlError(8115, 'expression', typeName(to));
    return out;
  };
}

/** datetime and smalldatetime as days since 1900 with a fraction. */
export function temporalToDays(v: SqlValue, from: SqlType): number {
  return from.k === 'datetime' ? (v as number) / TICKS_PER_DAY : (v as number) / 1440;
}
