import { converter } from '../../sql/convert.ts';
import { sqlError } from '../../sql/errors.ts';
import type { Compiled } from '../../sql/exprTypes.ts';
import { FLOAT, MAX, type SqlType } from '../../sql/values.ts';
import type { Aggregate } from './aggregates.ts';
import { compareByKeys, type SortKey } from './sortKeys.ts';

/** Aggregates that keep all values of a group: STDEV and VAR, STRING_AGG. */

/** STDEV, STDEVP, VAR, VARP. */
export function spread(arg: Compiled, root: boolean, population: boolean): Aggregate {
  const toFloat = converter(arg.type, FLOAT);
  return {
    type: FLOAT,
    nullable: true,
    start: () => {
      const values: number[] = [];
      return {
        add: (f) => {
          const value = toFloat(arg.eval(f));
          if (value !== null) values.push(value as number);
        },
        result: () => {
          const divisor = population ? values.length : values.length - 1;
          if (divisor <= 0) return population && values.length > 0 ? 0 : null;
          const mean = values.reduce((a, b) => a + b, 0) / values.length;
          const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / divisor;
          return root ? Math.sqrt(variance) : variance;
        },
      };
    },
  };
}

/** STRING_AGG, in the order of WITHIN GROUP. */
export function joining(arg: Compiled, separator: Compiled | undefined, order: readonly SortKey[]): Aggregate {
  if (!separator) throw sqlError(174, 'string_agg', 2);
  const wide = arg.type.k === 'nvarchar' || arg.type.k === 'nchar';
  const narrow = arg.type.k === 'varchar' || arg.type.k === 'char';
  const type: SqlType = narrow
    ? { k: 'varchar', n: 'n' in arg.type && arg.type.n === MAX ? MAX : 8000 }
    : { k: 'nvarchar', n: wide && 'n' in arg.type && arg.type.n === MAX ? MAX : 4000 };
  const toText = converter(arg.type, { k: narrow ? 'varchar' : 'nvarchar', n: MAX });
  return {
    type,
    nullable: true,
    start: () => {
      const items: { text: string; keys: string[] }[] = [];
      let between = '';
      return {
        add: (f) => {
          const value = toText(arg.eval(f));
          if (value === null) return;
          between = String(separator.eval(f) ?? '');
          items.push({ text: value as string, keys: order.map((key) => key.of(f)) });
        },
        result: () => {
          if (items.length === 0) return null;
          if (order.length > 0) items.sort((a, b) => compareByKeys(a.keys, b.keys, order));
          const text = items.map((item) => item.text).join(between);
          const limit = 'n' in type ? type.n : MAX;
          if (limit !== MAX && text.length > limit) throw sqlError(9829);
          return text;
        },
      };
    },
  };
}
