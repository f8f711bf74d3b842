import type { TableObject } from '../engine/model/tableObject.ts';
import { BIGINT, BIT, INT, SYSNAME, TINYINT } from '../sql/values.ts';
import type { TableIndex } from '../store/tableTypes.ts';
import { type CatalogTable, catalogTables } from './catalogTables.ts';
import { OBJECT_COLUMNS, objectRow, visibleObjects } from './objectViews.ts';
import { bit, type CatalogContext, DESC, LONG_TEXT, type ViewGroup, type ViewRow, view } from './view.ts';
import { sees } from './visibility.ts';

/** An index with its index_id: 0 the heap, 1 the clustered index, 2… the others. */
export interface NumberedIndex {
  readonly id: number;
  /** Null for the heap. */
  readonly index: TableIndex | null;
}

export function numberedIndexes(table: TableObject): NumberedIndex[] {
  const clustered = table.data.indexes.find((index) => index.clustered) ?? null;
  const others = table.data.indexes.filter((index) => index !== clustered);
  return [{ id: clustered ? 1 : 0, index: clustered }, ...others.map((index, i) => ({ id: i + 2, index }))];
}

function* visibleUserTables(context: CatalogContext): Iterable<TableObject> {
  for (const table of context.database.tables()) if (sees(context, table)) yield table;
  for (const type of context.database.types.values()) if (type.table && sees(context, type)) yield type.table;
}

function* indexRows(context: CatalogContext): Iterable<ViewRow> {
  for (const table of visibleUserTables(context)) {
    for (const { id, index } of numberedIndexes(table)) {
      const kind = index === null ? 0 : index.clustered ? 1 : 2;
      yield {
        object_id: table.id,
        name: index?.name ?? null,
        index_id: id,
        type: kind,
        type_desc: ['HEAP', 'CLUSTERED', 'NONCLUSTERED'][kind]!,
        is_unique: bit(index?.unique ?? false),
        data_space_id: 1,
        ignore_dup_key: 0,
        is_primary_key: bit(index?.primary ?? false),
        is_unique_constraint: bit(index?.constraint === true && !index.primary),
        fill_factor: 0,
        is_padded: 0,
        is_disabled: 0,
        is_hypothetical: 0,
        allow_row_locks: 1,
        allow_page_locks: 1,
        has_filter: 0,
      };
    }
  }
}

function* indexColumnRows(context: CatalogContext): Iterable<ViewRow> {
  for (const table of visibleUserTables(context)) {
    for (const { id, index } of numberedIndexes(table)) {
      if (!index) continue;
      const info = table.indexInfo.get(index.name.toLowerCase()) ?? table.indexInfo.get(index.name);
      const column = (at: number, i: number, included: boolean): ViewRow => ({
        object_id: table.id,
        index_id: id,
        index_column_id: i + 1,
        column_id: at + 1,
        key_ordinal: included ? 0 : i + 1,
        partition_ordinal: 0,
        is_descending_key: bit(!included && (info?.descending[i] ?? false)),
        is_included_column: bit(included),
      });
      for (const [i, at] of index.columns.entries()) yield column(at, i, false);
      for (const [i, at] of (info?.included ?? []).entries()) yield column(at, index.columns.length + i, true);
    }
  }
}

function* keyConstraintRows(context: CatalogContext): Iterable<ViewRow> {
  const indexes = new Map<number, number>();
  for (const table of context.database.tables()) {
    const numbered = numberedIndexes(table);
    for (const key of table.keys)
      indexes.set(key.id, numbered.find(({ index }) => index?.name.toLowerCase() === key.name.toLowerCase())?.id ?? 0);
  }
  for (const object of visibleObjects(context, ['PK', 'UQ']))
    yield { ...objectRow(object), unique_index_id: indexes.get(object.id) ?? null, is_system_named: 0, is_enforced: 1 };
}

function* partitions(context: CatalogContext): Iterable<{ table: CatalogTable; indexId: number }> {
  for (const table of catalogTables(context.database)) {
    if (!sees(context, table)) continue;
    const ids = table.table ? numberedIndexes(table.table).map(({ id }) => id) : [1];
    for (const indexId of ids) yield { table, indexId };
  }
}

const partitionId = (table: CatalogTable, indexId: number): bigint => (BigInt(table.id) << 16n) | BigInt(indexId);

function* partitionRows(context: CatalogContext): Iterable<ViewRow> {
  for (const { table, indexId } of partitions(context)) {
    const id = partitionId(table, indexId);
    yield {
      partition_id: id,
      object_id: table.id,
      index_id: indexId,
      partition_number: 1,
      hobt_id: id,
      rows: BigInt(table.rowCount),
      filestream_filegroup_id: 0,
      data_compression: 0,
      data_compression_desc: 'NONE',
    };
  }
}

function* partitionStatRows(context: CatalogContext): Iterable<ViewRow> {
  for (const { table, indexId } of partitions(context)) {
    const row_count = BigInt(table.rowCount);
    yield {
      partition_id: partitionId(table, indexId),
      object_id: table.id,
      index_id: indexId,
      partition_number: 1,
      row_count,
      used_page_count: row_count / 50n + 1n,
      reserved_page_count: row_count / 50n + 9n,
      in_row_data_page_count: row_count / 50n + 1n,
    };
  }
}

/** Views of indexes and what they hold. */
export const indexViews: ViewGroup = {
  indexes: view(
    {
      object_id: INT,
      name: SYSNAME,
      index_id: INT,
      type: TINYINT,
      type_desc: DESC,
      is_unique: BIT,
      data_space_id: INT,
      ignore_dup_key: BIT,
      is_primary_key: BIT,
      is_unique_constraint: BIT,
      fill_factor: TINYINT,
      is_padded: BIT,
      is_disabled: BIT,
      is_hypothetical: BIT,
      allow_row_locks: BIT,
      allow_page_locks: BIT,
      has_filter: BIT,
      filter_definition: LONG_TEXT,
    },
    indexRows,
  ),
  index_columns: view(
    {
      object_id: INT,
      index_id: INT,
      index_column_id: INT,
      column_id: INT,
      key_ordinal: TINYINT,
      partition_ordinal: TINYINT,
      is_descending_key: BIT,
      is_included_column: BIT,
    },
    indexColumnRows,
  ),
  key_constraints: view(
    { ...OBJECT_COLUMNS, unique_index_id: INT, is_system_named: BIT, is_enforced: BIT },
    keyConstraintRows,
  ),
  partitions: view(
    {
      partition_id: BIGINT,
      object_id: INT,
      index_id: INT,
      partition_number: INT,
      hobt_id: BIGINT,
      rows: BIGINT,
      filestream_filegroup_id: INT,
      data_compression: TINYINT,
      data_compression_desc: DESC,
    },
    partitionRows,
  ),
  dm_db_partition_stats: view(
    {
      partition_id: BIGINT,
      object_id: INT,
      index_id: INT,
      partition_number: INT,
      in_row_data_page_count: BIGINT,
      used_page_count: BIGINT,
      reserved_page_count: BIGINT,
      row_count: BIGINT,
    },
    partitionStatRows,
    'VIEW DATABASE STATE',
  ),
};
