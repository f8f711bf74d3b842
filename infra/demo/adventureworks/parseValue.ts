import type { LoadValue } from '../bulkLoad.ts';
import type { ColumnType } from './tables.ts';

/** What a field should have been; thrown by {@link parseValue} and completed with file, line and column by the caller. */
export class BadValue extends Error {
  override readonly name = 'BadValue';
  readonly expected: string;

  constructor(expected: string) {
    super(expected);
    this.expected = expected;
  }
}

const INTEGER_RANGES: Readonly<Record<string, readonly [number, number]>> = {
  int: [-2_147_483_648, 2_147_483_647],
  smallint: [-32_768, 32_767],
  tinyint: [0, 255],
};
/** Digits before and after the point that the type holds (money: 19 in all, smallmoney: 10). */
const MONEY_DIGITS: Readonly<Record<string, readonly [number, number]>> = { money: [15, 4], smallmoney: [6, 4] };
const GUID = /^[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$/;
const DATE_TIME = /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2}\.\d{3})$/;

/** One field's text as a value of its column's type. Text is kept as it is, padding included; nothing is rounded or trimmed. */
export function parseValue(text: string, type: ColumnType): LoadValue {
  const integerRange = INTEGER_RANGES[type];
  if (integerRange) return integer(text, type, integerRange);
  const moneyDigits = MONEY_DIGITS[type];
  if (moneyDigits) return decimal(text, type, moneyDigits);
  if (type === 'bit') return bit(text);
  if (type === 'datetime') return dateTime(text);
  if (type === 'uniqueidentifier') return matching(text, GUID, 'a uniqueidentifier');
  if (type === 'xml') return matching(text, /^\s*</, 'xml that starts with <');
  const [, name, first, second] = /^(\w+)\((\d+)(?:,(\d+))?\)$/.exec(type) ?? [];
  if (name === 'decimal') return decimal(text, type, [Number(first) - Number(second), Number(second)]);
  if (text.length > Number(first)) throw new BadValue(`at most ${first} characters`);
  return text;
}

function integer(text: string, type: string, [min, max]: readonly [number, number]): number {
  const value = Number(text);
  if (!/^-?\d+$/.test(text) || value < min || value > max) throw new BadValue(`${type} from ${min} to ${max}`);
  return value;
}

/** `.0000` is how the files write nought; a leading 0 is added so that every reader takes it. */
function decimal(text: string, type: string, [before, after]: readonly [number, number]): string {
  const match = /^(-?)(\d*)(?:\.(\d+))?$/.exec(text);
  if (!match || (match[2] === '' && match[3] === undefined)) throw new BadValue(`${type} such as 12.3400`);
  const whole = match[2]!.replace(/^0+/, '');
  const fraction = match[3] ?? '';
  if (whole.length > before || fraction.length > after) {
    throw new BadValue(`${type} with at most ${before} digits before the point and ${after} after it`);
  }
  return `${match[1]}${whole || '0'}${fraction && `.${fraction}`}`;
}

function bit(text: string): boolean {
  if (text !== '0' && text !== '1') throw new BadValue('bit 0 or 1');
  return text === '1';
}

/** In ISO 8601 with a T, which `datetime` reads the same whatever the session's language. */
function dateTime(text: string): string {
  const match = DATE_TIME.exec(text);
  const iso = `${match?.[1]}T${match?.[2]}`;
  const parsed = new Date(`${iso}Z`);
  if (!match || Number.isNaN(parsed.getTime()) || parsed.toISOString() !== `${iso}Z`) {
    throw new BadValue('datetime such as 2019-04-30 00:00:00.000');
  }
  return iso;
}

function matching(text: string, pattern: RegExp, expected: string): string {
  if (!pattern.test(text)) throw new BadValue(expected);
  return text;
}
