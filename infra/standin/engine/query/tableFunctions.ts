import { cdcTableFunction } from '../../cdc/cdcSources.ts';
import type { TableFunction } from '../../sql/ast.ts';
import type { OpenJson } from '../../sql/astSources.ts';
import { sqlError, unsupported } from '../../sql/errors.ts';
import { compileExpr, resolveType } from '../../sql/expr.ts';
import { asText } from '../../sql/exprPredicate.ts';
import type { Compiled } from '../../sql/exprTypes.ts';
import { openJsonReader, openJsonRows } from '../../sql/functionsJson.ts';
import { splitText } from '../../sql/functionsSearch.ts';
import { commonType } from '../../sql/typing.ts';
import { BIGINT, INT, MAX, nvarchar, type SqlValue } from '../../sql/values.ts';
import { coerced } from './coerce.ts';
import type { QueryFrame } from './frame.ts';
import type { UnboundSource } from './from.ts';
import { inlineFunctionSource } from './inlineFunctions.ts';
import { permissionsSource } from './permissionsFunction.ts';
import type { QueryScope } from './scope.ts';
import { rowsAccess, type SourceAccess, type SourceColumn, shapeColumns } from './source.ts';

/** OPENJSON with or without a list of columns. NULL text has no rows. */
export function openJsonSource(source: OpenJson, scope: QueryScope): UnboundSource {
  const json = coerced(compileExpr(source.json, scope), nvarchar(MAX));
  const path = source.path ? coerced(compileExpr(source.path, scope), nvarchar(4000)) : null;
  const columns = source.columns?.map((column) => ({ ...column, type: resolveType(column.type, scope) }));
  const read = columns ? openJsonReader(columns) : openJsonRows;
  const shape: SourceColumn[] = columns
    ? shapeColumns(columns)
    : shapeColumns([
        { name: 'key', type: nvarchar(4000), nullable: false },
        { name: 'value', type: nvarchar(MAX) },
        { name: 'type', type: INT, nullable: false },
      ]);
  const access = rowsAccess((f) => {
    const text = json.eval(f);
    const at = path ? path.eval(f) : null;
    return text === null || (path !== null && at === null) ? [] : read(text as string, at as string | null);
  }, 50);
  return { exposed: (source.alias ?? 'openjson').toLowerCase(), schema: null, columns: shape, access };
}

/** A table-valued function of FROM: built in, of CDC, or a user's inline one. 208 when there is none of that name. */
export function tableFunctionSource(source: TableFunction, scope: QueryScope): UnboundSource {
  const built = builtIn(source, scope);
  const found = built ?? cdcTableFunction(source, scope) ?? inlineFunctionSource(source, scope);
  if (!source.columns) return found;
  if (source.columns.length !== found.columns.length) {
    throw sqlError(source.columns.length < found.columns.length ? 8158 : 8159, source.alias ?? source.name.name);
  }
  return { ...found, columns: found.columns.map((column, i) => ({ ...column, name: source.columns![i]! })) };
}

function builtIn(source: TableFunction, scope: QueryScope): UnboundSource | undefined {
  const { name } = source;
  const low = name.name.toLowerCase();
  const plain = name.schema === undefined || name.schema.toLowerCase() === 'sys';
  if (!plain) return undefined;
  switch (low) {
    case 'string_split':
      return stringSplit(source, args(source, scope, 2, 3));
    case 'generate_series':
      return generateSeries(source, args(source, scope, 2, 3));
    case 'fn_my_permissions':
      return named(source, permissionsSource(args(source, scope, 2, 2), scope));
    default:
      return undefined;
  }
}

function args(source: TableFunction, scope: QueryScope, min: number, max: number): Compiled[] {
  const given = source.args.map((arg) => compileExpr(arg, scope));
  if (given.length < min) throw sqlError(313, source.name.name).at(source.line);
  if (given.length > max) throw sqlError(8144, source.name.name).at(source.line);
  return given;
}

function named(
  source: TableFunction,
  shape: { readonly columns: readonly SourceColumn[]; readonly access: SourceAccess },
): UnboundSource {
  return { exposed: (source.alias ?? source.name.name).toLowerCase(), schema: null, ...shape };
}

function stringSplit(source: TableFunction, given: readonly Compiled[]): UnboundSource {
  const [text, separator, ordinal] = [asText(given[0]!), asText(given[1]!), given[2]];
  const value = { name: 'value', type: text.type, nullable: text.nullable };
  const withOrdinal = ordinal !== undefined;
  if (withOrdinal && !ordinal.constant) throw unsupported('STRING_SPLIT with a variable enable_ordinal', source.line);
  const columns = shapeColumns(withOrdinal ? [value, { name: 'ordinal', type: BIGINT, nullable: false }] : [value]);
  const access = rowsAccess((f) => {
    const s = text.eval(f);
    const mark = separator.eval(f);
    if (s === null) return [];
    return splitText(s as string, (mark ?? '') as string).map((piece, i): SqlValue[] =>
      withOrdinal ? [piece, BigInt(i + 1)] : [piece],
    );
  }, 10);
  return named(source, { columns, access });
}

function generateSeries(source: TableFunction, given: readonly Compiled[]): UnboundSource {
  const type = given.map((arg) => arg.type).reduce(commonType);
  if (!['tinyint', 'smallint', 'int', 'bigint'].includes(type.k))
    throw unsupported(`GENERATE_SERIES of ${type.k}`, source.line);
  const numbers = given.map((arg) => coerced(arg, BIGINT));
  const access = rowsAccess((f) => series(f, numbers, type.k === 'bigint'), 1000);
  return named(source, { columns: shapeColumns([{ name: 'value', type, nullable: false }]), access });
}

function series(f: QueryFrame, numbers: readonly Compiled[], big: boolean): SqlValue[][] {
  const [start, stop, step] = numbers.map((n) => n.eval(f) as bigint | null);
  if (start === null || start === undefined || stop === null || stop === undefined || step === null) return [];
  const by = step ?? (start <= stop ? 1n : -1n);
  if (by === 0n) throw sqlError(4199);
  const rows: SqlValue[][] = [];
  for (let n = start; by > 0n ? n <= stop : n >= stop; n += by) rows.push([big ? n : Number(n)]);
  return rows;
}
