import type { IdentityProperty } from '../engine/model/columns.ts';
import type { SqlVariant } from '../sql/values.ts';
import { BIGINT, BIT, INT, SMALLINT, SYSNAME, TINYINT, VARIANT } from '../sql/values.ts';
import { type CatalogColumn, type CatalogTable, catalogColumns, catalogTables } from './catalogTables.ts';
import { factsOf, isText, SYSTEM_TYPE_FACTS } from './typeFacts.ts';
import { bit, type CatalogContext, CI_COLLATION, DESC, LONG_TEXT, type ViewGroup, type ViewRow, view } from './view.ts';
import { sees } from './visibility.ts';

/** Schema and principal ids of the system's types. */
const SYS_SCHEMA_ID = 4;
const TABLE_TYPE_SYSTEM_ID = 243;

const COLUMN_COLUMNS = {
  object_id: INT,
  name: SYSNAME,
  column_id: INT,
  system_type_id: TINYINT,
  user_type_id: INT,
  max_length: SMALLINT,
  precision: TINYINT,
  scale: TINYINT,
  collation_name: SYSNAME,
  is_nullable: BIT,
  is_ansi_padded: BIT,
  is_rowguidcol: BIT,
  is_identity: BIT,
  is_computed: BIT,
  is_filestream: BIT,
  is_replicated: BIT,
  is_non_sql_subscribed: BIT,
  is_merge_published: BIT,
  is_dts_replicated: BIT,
  is_xml_document: BIT,
  xml_collection_id: INT,
  default_object_id: INT,
  rule_object_id: INT,
  is_sparse: BIT,
  is_column_set: BIT,
  generated_always_type: TINYINT,
  generated_always_type_desc: DESC,
  encryption_type: INT,
  is_hidden: BIT,
  is_masked: BIT,
};

/** Tables the session may see, and the patterns of table types. */
function* visibleTables(context: CatalogContext): Iterable<CatalogTable> {
  for (const table of catalogTables(context.database)) if (sees(context, table)) yield table;
  for (const type of context.database.types.values()) {
    if (!type.table || !sees(context, type)) continue;
    const { id, name, schema, createdMs, modifiedMs } = type.table;
    const columns = catalogColumns(type.table);
    yield { id, name, schema, createdMs, modifiedMs, columns, shipped: false, table: type.table, rowCount: 0 };
  }
}

function* columnRows(context: CatalogContext): Iterable<ViewRow> {
  for (const table of visibleTables(context))
    for (const column of table.columns) yield { object_id: table.id, ...columnRow(column, context) };
}

function columnRow(column: CatalogColumn, context: CatalogContext): ViewRow {
  const facts = factsOf(column.type, column.typeName);
  const alias = context.database.types.get(`dbo.${column.typeName.toLowerCase()}`);
  const { source } = column;
  return {
    name: column.name,
    column_id: column.id,
    system_type_id: facts.systemTypeId,
    user_type_id: alias?.id ?? facts.userTypeId,
    max_length: facts.maxLength,
    precision: facts.precision,
    scale: facts.scale,
    collation_name: isText(column.type) ? (column.collation?.name ?? CI_COLLATION) : null,
    is_nullable: bit(column.nullable),
    is_ansi_padded: bit(isText(column.type) || column.type.k === 'binary' || column.type.k === 'varbinary'),
    is_rowguidcol: bit(source?.rowGuid ?? false),
    is_identity: bit(source?.identity !== undefined),
    is_computed: bit(source?.computed !== undefined),
    is_filestream: 0,
    is_replicated: 0,
    is_non_sql_subscribed: 0,
    is_merge_published: 0,
    is_dts_replicated: 0,
    is_xml_document: 0,
    xml_collection_id: 0,
    default_object_id: source?.default?.id ?? 0,
    rule_object_id: 0,
    is_sparse: 0,
    is_column_set: 0,
    generated_always_type: 0,
    generated_always_type_desc: 'NOT_APPLICABLE',
    is_hidden: 0,
    is_masked: 0,
  };
}

const asVariant = (value: bigint): SqlVariant => ({ variant: { k: 'bigint' }, value });

function* identityRows(context: CatalogContext): Iterable<ViewRow> {
  for (const table of visibleTables(context)) {
    for (const column of table.columns) {
      const identity: IdentityProperty | undefined = column.source?.identity;
      if (!identity) continue;
      const last = table.table?.lastIdentity ?? null;
      yield {
        object_id: table.id,
        ...columnRow(column, context),
        seed_value: asVariant(identity.seed),
        increment_value: asVariant(identity.increment),
        last_value: last === null ? null : asVariant(last),
        is_not_for_replication: 0,
      };
    }
  }
}

function* computedRows(context: CatalogContext): Iterable<ViewRow> {
  for (const table of visibleTables(context)) {
    for (const column of table.columns) {
      const computed = column.source?.computed;
      if (!computed) continue;
      yield {
        object_id: table.id,
        ...columnRow(column, context),
        definition: computed.text,
        uses_database_collation: 1,
        is_persisted: bit(computed.persisted),
      };
    }
  }
}

function* typeRows(context: CatalogContext): Iterable<ViewRow> {
  for (const facts of SYSTEM_TYPE_FACTS)
    yield {
      name: facts.name,
      system_type_id: facts.systemTypeId,
      user_type_id: facts.userTypeId,
      schema_id: SYS_SCHEMA_ID,
      max_length: facts.maxLength,
      precision: facts.precision,
      scale: facts.scale,
      collation_name: ['char', 'varchar', 'text', 'nchar', 'nvarchar', 'ntext', 'sysname'].includes(facts.name)
        ? CI_COLLATION
        : null,
      is_nullable: bit(facts.name !== 'sysname' && facts.name !== 'timestamp'),
      is_user_defined: 0,
      is_assembly_type: 0,
      default_object_id: 0,
      rule_object_id: 0,
      is_table_type: 0,
    };
  for (const type of context.database.types.values()) {
    if (!sees(context, type)) continue;
    const facts = type.base ? factsOf(type.base, type.baseName) : undefined;
    yield {
      name: type.name,
      system_type_id: facts?.systemTypeId ?? TABLE_TYPE_SYSTEM_ID,
      user_type_id: type.id,
      schema_id: type.schema.id,
      max_length: facts?.maxLength ?? -1,
      precision: facts?.precision ?? 0,
      scale: facts?.scale ?? 0,
      collation_name: type.base && isText(type.base) ? CI_COLLATION : null,
      is_nullable: bit(type.nullable && !type.table),
      is_user_defined: 1,
      is_assembly_type: 0,
      default_object_id: 0,
      rule_object_id: 0,
      is_table_type: bit(type.table !== undefined),
      type_table_object_id: type.table?.id ?? null,
      is_memory_optimized: 0,
    };
  }
}

const TYPE_COLUMNS = {
  name: SYSNAME,
  system_type_id: TINYINT,
  user_type_id: INT,
  schema_id: INT,
  principal_id: INT,
  max_length: SMALLINT,
  precision: TINYINT,
  scale: TINYINT,
  collation_name: SYSNAME,
  is_nullable: BIT,
  is_user_defined: BIT,
  is_assembly_type: BIT,
  default_object_id: INT,
  rule_object_id: INT,
  is_table_type: BIT,
};

/** Views of columns and types. */
export const columnViews: ViewGroup = {
  columns: view(COLUMN_COLUMNS, columnRows),
  all_columns: view(COLUMN_COLUMNS, columnRows),
  identity_columns: view(
    {
      ...COLUMN_COLUMNS,
      seed_value: VARIANT,
      increment_value: VARIANT,
      last_value: VARIANT,
      is_not_for_replication: BIT,
    },
    identityRows,
  ),
  computed_columns: view(
    { ...COLUMN_COLUMNS, definition: LONG_TEXT, uses_database_collation: BIT, is_persisted: BIT },
    computedRows,
  ),
  types: view(TYPE_COLUMNS, typeRows),
  table_types: view({ ...TYPE_COLUMNS, type_table_object_id: INT, is_memory_optimized: BIT }, (context) =>
    [...typeRows(context)].filter((row) => row['is_table_type'] === 1),
  ),
  change_tracking_tables: view(
    {
      object_id: INT,
      is_track_columns_updated_on: BIT,
      begin_version: BIGINT,
      cleanup_version: BIGINT,
      min_valid_version: BIGINT,
    },
    ({ database }) =>
      database.tables().flatMap(({ id, data: { tracking } }) =>
        tracking
          ? [
              {
                object_id: id,
                is_track_columns_updated_on: Number(tracking.tracksColumns),
                begin_version: BigInt(tracking.beginVersion),
                cleanup_version: BigInt(tracking.minValidVersion),
                min_valid_version: BigInt(tracking.minValidVersion),
              },
            ]
          : [],
      ),
  ),
};
