import type { ForeignKey, TableObject } from '../engine/model/tableObject.ts';
import type { ReferentialAction } from '../sql/astDdl.ts';
import { BIT, INT, TINYINT } from '../sql/values.ts';
import { numberedIndexes } from './indexViews.ts';
import { OBJECT_COLUMNS, objectRow, visibleObjects } from './objectViews.ts';
import { bit, type CatalogContext, DESC, LONG_TEXT, type ViewGroup, type ViewRow, view } from './view.ts';
import { sees } from './visibility.ts';

const ACTIONS: Readonly<Record<ReferentialAction, readonly [number, string]>> = {
  noAction: [0, 'NO_ACTION'],
  cascade: [1, 'CASCADE'],
  setNull: [2, 'SET_NULL'],
  setDefault: [3, 'SET_DEFAULT'],
};

function visibleTables(context: CatalogContext): TableObject[] {
  return context.database.tables().filter((table) => sees(context, table));
}

/** The object rows of some types, each with what `extend` says of the constraint with that id. */
function extended<T extends { readonly id: number }>(
  types: readonly string[],
  list: (table: TableObject) => readonly T[],
  extend: (item: T, table: TableObject) => ViewRow,
): (context: CatalogContext) => Iterable<ViewRow> {
  return function* (context) {
    const items = new Map<number, ViewRow>();
    for (const table of visibleTables(context)) for (const item of list(table)) items.set(item.id, extend(item, table));
    for (const object of visibleObjects(context, types)) yield { ...objectRow(object), ...items.get(object.id) };
  };
}

function foreignKeyFacts(key: ForeignKey): ViewRow {
  const [onDelete, onDeleteDesc] = ACTIONS[key.onDelete];
  const [onUpdate, onUpdateDesc] = ACTIONS[key.onUpdate];
  const index = numberedIndexes(key.parent).find((entry) => entry.index?.name === key.parentIndex);
  return {
    referenced_object_id: key.parent.id,
    key_index_id: index?.id ?? null,
    is_disabled: bit(!key.enabled),
    is_not_for_replication: 0,
    is_not_trusted: bit(!key.trusted),
    delete_referential_action: onDelete,
    delete_referential_action_desc: onDeleteDesc,
    update_referential_action: onUpdate,
    update_referential_action_desc: onUpdateDesc,
    is_system_named: 0,
  };
}

function* foreignKeyColumnRows(context: CatalogContext): Iterable<ViewRow> {
  for (const table of visibleTables(context))
    for (const key of table.foreignKeys)
      for (const [i, at] of key.columns.entries())
        yield {
          constraint_object_id: key.id,
          constraint_column_id: i + 1,
          parent_object_id: table.id,
          parent_column_id: at + 1,
          referenced_object_id: key.parent.id,
          referenced_column_id: key.parentColumns[i]! + 1,
        };
}

/** Views of foreign keys, checks and defaults. */
export const constraintViews: ViewGroup = {
  foreign_keys: view(
    {
      ...OBJECT_COLUMNS,
      referenced_object_id: INT,
      key_index_id: INT,
      is_disabled: BIT,
      is_not_for_replication: BIT,
      is_not_trusted: BIT,
      delete_referential_action: TINYINT,
      delete_referential_action_desc: DESC,
      update_referential_action: TINYINT,
      update_referential_action_desc: DESC,
      is_system_named: BIT,
    },
    extended(['F '], (table) => table.foreignKeys, foreignKeyFacts),
  ),
  foreign_key_columns: view(
    {
      constraint_object_id: INT,
      constraint_column_id: INT,
      parent_object_id: INT,
      parent_column_id: INT,
      referenced_object_id: INT,
      referenced_column_id: INT,
    },
    foreignKeyColumnRows,
  ),
  check_constraints: view(
    {
      ...OBJECT_COLUMNS,
      is_disabled: BIT,
      is_not_for_replication: BIT,
      is_not_trusted: BIT,
      parent_column_id: INT,
      definition: LONG_TEXT,
      uses_database_collation: BIT,
      is_system_named: BIT,
    },
    extended(
      ['C '],
      (table) => table.checks,
      (check) => ({
        is_disabled: bit(!check.enabled),
        is_not_for_replication: 0,
        is_not_trusted: bit(!check.trusted),
        parent_column_id: check.columnAt + 1,
        definition: check.text,
        uses_database_collation: 1,
        is_system_named: 0,
      }),
    ),
  ),
  default_constraints: view(
    { ...OBJECT_COLUMNS, parent_column_id: INT, definition: LONG_TEXT, is_system_named: BIT },
    extended(
      ['D '],
      (table) =>
        table.columns.flatMap((column, at) => (column.default && !column.dropped ? [{ ...column.default, at }] : [])),
      ({ at, text, generated }) => ({ parent_column_id: at + 1, definition: text, is_system_named: bit(generated) }),
    ),
  ),
};
