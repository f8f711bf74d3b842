import { sqlError } from './errors.ts';
import { typeName } from './typeNames.ts';
import type { SqlType, TypeKind } from './values.ts';

/** Families of types that convert alike. */
export type Family =
  | 'number'
  | 'string'
  | 'text'
  | 'binary'
  | 'image'
  | 'rowversion'
  | 'oldDate'
  | 'newDate'
  | 'guid'
  | 'xml'
  | 'variant';

const FAMILIES: Readonly<Record<TypeKind, Family>> = {
  bit: 'number',
  tinyint: 'number',
  smallint: 'number',
  int: 'number',
  bigint: 'number',
  decimal: 'number',
  money: 'number',
  smallmoney: 'number',
  float: 'number',
  real: 'number',
  char: 'string',
  varchar: 'string',
  nchar: 'string',
  nvarchar: 'string',
  text: 'text',
  ntext: 'text',
  image: 'image',
  xml: 'xml',
  binary: 'binary',
  varbinary: 'binary',
  rowversion: 'rowversion',
  uniqueidentifier: 'guid',
  date: 'newDate',
  time: 'newDate',
  datetime: 'oldDate',
  smalldatetime: 'oldDate',
  datetime2: 'newDate',
  datetimeoffset: 'newDate',
  sql_variant: 'variant',
};

export function familyOf(type: SqlType): Family {
  return FAMILIES[type.k];
}

/** How a family converts to others: implicitly, by CAST only (`explicit`), not at all (absent). Source: the CAST and CONVERT chart. */
const ALLOWED: Readonly<
  Record<Family, { readonly implicit: readonly Family[]; readonly explicit: readonly Family[] }>
> = {
  number: { implicit: ['number', 'string', 'binary', 'rowversion', 'oldDate', 'variant'], explicit: [] },
  string: {
    implicit: ['number', 'string', 'text', 'oldDate', 'newDate', 'guid', 'xml', 'variant', 'image'],
    explicit: ['binary', 'rowversion'],
  },
  text: { implicit: ['string', 'text', 'xml'], explicit: [] },
  binary: {
    implicit: ['number', 'string', 'binary', 'rowversion', 'image', 'oldDate', 'guid', 'xml', 'variant'],
    explicit: ['newDate'],
  },
  image: { implicit: ['binary', 'image', 'rowversion'], explicit: [] },
  rowversion: { implicit: ['number', 'string', 'binary', 'rowversion', 'image', 'oldDate'], explicit: [] },
  oldDate: { implicit: ['string', 'oldDate', 'newDate', 'variant'], explicit: ['number', 'binary', 'rowversion'] },
  newDate: { implicit: ['string', 'oldDate', 'newDate', 'variant'], explicit: ['binary'] },
  guid: { implicit: ['string', 'binary', 'guid', 'variant'], explicit: [] },
  xml: { implicit: ['xml'], explicit: ['string', 'binary'] },
  variant: { implicit: ['variant'], explicit: ['number', 'string', 'binary', 'oldDate', 'newDate', 'guid'] },
};

/** Pairs inside a family that do not convert. */
function clash(from: SqlType, to: SqlType): boolean {
  if (from.k === 'date') return to.k === 'time';
  if (from.k === 'time') return to.k === 'date';
  if (from.k === 'float' || from.k === 'real') return to.k === 'rowversion';
  if (from.k === 'binary' || from.k === 'varbinary') return to.k === 'float' || to.k === 'real' || to.k === 'ntext';
  return false;
}

/** Raises 206 or 257 unless a value of `from` may turn into `to` without CAST. */
export function checkImplicit(from: SqlType, to: SqlType): void {
  const rule = ALLOWED[familyOf(from)];
  if (clash(from, to)) throw sqlError(206, typeName(from), typeName(to));
  if (rule.implicit.includes(familyOf(to))) return;
  if (rule.explicit.includes(familyOf(to))) throw sqlError(257, typeName(from), typeName(to));
  throw sqlError(206, typeName(from), typeName(to));
}

/** Raises 529 unless CAST can turn `from` into `to`. */
export function checkExplicit(from: SqlType, to: SqlType): void {
  const rule = ALLOWED[familyOf(from)];
  const family = familyOf(to);
  if (clash(from, to) || !(rule.implicit.includes(family) || rule.explicit.includes(family))) {
    throw sqlError(529, typeName(from), typeName(to));
  }
}
