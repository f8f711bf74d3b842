import type { Collation } from '../../sql/collation.ts';
import { convert } from '../../sql/convert.ts';
import type { SqlType, SqlValue, TypeKind } from '../../sql/values.ts';

/**
 * A comparison value in terms of a column's own type: a value; between two values (`above` = the next lower one that exists); or beyond all
 * of them.
 */
export type SeekValue =
  | { readonly k: 'exact'; readonly value: SqlValue }
  | { readonly k: 'above'; readonly value: SqlValue }
  | { readonly k: 'low' }
  | { readonly k: 'high' };

export type SeekConverter = (value: SqlValue) => SeekValue;

const INTEGER_RANGE: Partial<Record<TypeKind, readonly [bigint, bigint]>> = {
  bit: [0n, 1n],
  tinyint: [0n, 255n],
  smallint: [-32768n, 32767n],
  int: [-2147483648n, 2147483647n],
  bigint: [-(2n ** 63n), 2n ** 63n - 1n],
};
const STRINGS: ReadonlySet<TypeKind> = new Set(['char', 'varchar', 'nchar', 'nvarchar']);
const BINARIES: ReadonlySet<TypeKind> = new Set(['binary', 'varbinary', 'rowversion']);
const SCALED: ReadonlySet<TypeKind> = new Set(['decimal', 'money', 'smallmoney']);
const TEMPORAL_ORDER: readonly TypeKind[] = [
  'time',
  'date',
  'smalldatetime',
  'datetime',
  'datetime2',
  'datetimeoffset',
];

function scaleOf(type: SqlType): number {
  return type.k === 'decimal' ? type.s : type.k === 'money' || type.k === 'smallmoney' ? 4 : 0;
}

function isExactNumber(type: SqlType): boolean {
  return type.k in INTEGER_RANGE || SCALED.has(type.k);
}

const exact = (value: SqlValue): SeekValue => ({ k: 'exact', value });

/**
 * How values of `from` are looked up among those of a column; undefined when the comparison would convert the column instead, so that its
 * index order does not help.
 */
export function seekConverter(
  column: { readonly type: SqlType; readonly collation?: Collation | undefined },
  from: SqlType,
  fromCollation: Collation | undefined,
): SeekConverter | undefined {
  const to = column.type;
  if (STRINGS.has(to.k)) {
    if (!STRINGS.has(from.k)) return undefined;
    if (fromCollation && fromCollation.kind !== (column.collation?.kind ?? 'ci')) return undefined;
    return exact;
  }
  if (isExactNumber(to)) {
    if (isExactNumber(from)) return numberConverter(to, from);
    return STRINGS.has(from.k) ? (value) => exact(convert(value, from, to)) : undefined;
  }
  if (to.k === 'float' || to.k === 'real') {
    if (to.k === 'float' && (isExactNumber(from) || from.k === 'real'))
      return (value) => exact(convert(value, from, to));
    return from.k === to.k ? exact : undefined;
  }
  if (BINARIES.has(to.k)) return BINARIES.has(from.k) ? exact : undefined;
  if (to.k === 'uniqueidentifier')
    return from.k === to.k ? exact : STRINGS.has(from.k) ? (value) => exact(convert(value, from, to)) : undefined;
  return temporalConverter(to, from);
}

function temporalConverter(to: SqlType, from: SqlType): SeekConverter | undefined {
  const rank = TEMPORAL_ORDER.indexOf(to.k);
  if (rank < 0) return undefined;
  if (from.k === to.k) return exact;
  const fine: SqlType = to.k === 'datetime2' || to.k === 'datetimeoffset' || to.k === 'time' ? { k: to.k, s: 7 } : to;
  if (STRINGS.has(from.k)) return (value) => exact(convert(value, from, fine));
  const fromRank = TEMPORAL_ORDER.indexOf(from.k);
  if (fromRank < 1 || fromRank > rank) return undefined;
  return (value) => exact(convert(value, from, fine));
}

function numberConverter(to: SqlType, from: SqlType): SeekConverter {
  const toScale = scaleOf(to);
  const fromScale = scaleOf(from);
  const range = INTEGER_RANGE[to.k];
  const small = range !== undefined && to.k !== 'bigint';
  const make = (value: bigint): SqlValue => (small ? Number(value) : value);
  if (small && from.k === to.k) return exact;
  const up = 10n ** BigInt(Math.max(0, toScale - fromScale));
  const down = 10n ** BigInt(Math.max(0, fromScale - toScale));
  return (value) => {
    const scaled = BigInt(value as number | bigint) * up;
    let floor = scaled / down;
    const rest = scaled % down;
    if (rest < 0n) floor -= 1n;
    if (range && floor < range[0]) return { k: 'low' };
    if (range && floor > range[1]) return { k: 'high' };
    return rest === 0n ? exact(make(floor)) : { k: 'above', value: make(floor) };
  };
}
