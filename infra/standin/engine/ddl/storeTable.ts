import { convert } from '../../sql/convert.ts';
import { sqlError } from '../../sql/errors.ts';
import type { RowData } from '../../store/row.ts';
import { Table, type TableHost } from '../../store/table.ts';
import type { IndexOptions, TableIndex } from '../../store/tableTypes.ts';
import type { Column } from '../model/columns.ts';
import type { Database } from '../model/database.ts';
import { TableObject } from '../model/tableObject.ts';

/** '(1, abc)' as duplicate key errors show it. */
function keyText(index: TableIndex, data: RowData, columns: readonly Column[]): string {
  const parts = index.columns.map((at) => {
    const value = data[at] ?? null;
    return value === null ? '<NULL>' : String(convert(value, columns[at]!.type, { k: 'nvarchar', n: 4000 }));
  });
  return `(${parts.join(', ')})`;
}

/** The rows of a table, with errors worded for it. `object` is asked only when an error is raised. */
function storeTable(
  columns: readonly Column[],
  clustered: IndexOptions | null,
  database: Database,
  object: () => TableObject,
): Table {
  const host: TableHost = {
    duplicate: (index, data) => {
      const table = object();
      const text = keyText(index, data, table.columns);
      const name = table.isVariable ? table.name : table.qualifiedName;
      if (!index.constraint) return sqlError(2601, name, index.name, text);
      return sqlError(2627, `${index.primary ? 'PRIMARY' : 'UNIQUE'} KEY`, index.name, name, text);
    },
    updateConflict: () => sqlError(3960, object().qualifiedName, database.name),
    nextRowversion: () => database.nextRowversion(),
  };
  return new Table(host, columns, clustered);
}

/** A table object over an empty store with these indexes. */
export function newTableObject(options: {
  readonly id: number;
  readonly database: Database;
  readonly schema: TableObject['schema'];
  readonly name: string;
  readonly columns: Column[];
  readonly indexes: readonly IndexOptions[];
  readonly isVariable: boolean;
  readonly nowMs: number;
}): TableObject {
  const clustered = options.indexes.find((index) => index.clustered) ?? null;
  const data = storeTable(options.columns, clustered, options.database, () => table);
  const table: TableObject = new TableObject({ ...options, data });
  for (const index of options.indexes) if (index !== clustered) data.addIndex(index);
  data.log = options.database.log;
  if (!options.isVariable && !options.database.isTemp)
    data.place = { database: options.database.id, table: options.id };
  return table;
}

/** An empty table of the same shape: the value of a table variable at the start of its life. */
export function emptyCopy(pattern: TableObject, nowMs: number): TableObject {
  const copy = newTableObject({
    id: pattern.id,
    database: pattern.database,
    schema: pattern.schema,
    name: pattern.name,
    columns: pattern.columns,
    indexes: pattern.data.indexes.filter((index) => index.columns.length > 0),
    isVariable: true,
    nowMs,
  });
  copy.keys = pattern.keys;
  copy.checks = pattern.checks;
  copy.compiled = pattern.compiled;
  return copy;
}
