import type { Procedure, UserFunction } from '../engine/model/modules.ts';
import type { Parameter } from '../sql/astDdl.ts';
import { BIGINT, BIT, char, DATETIME, INT, nvarchar, SMALLINT, SYSNAME, TINYINT, VARIANT } from '../sql/values.ts';
import { catalogTables } from './catalogTables.ts';
import { type CatalogObject, catalogObjects, TYPE_DESC } from './objectList.ts';
import { factsOf } from './typeFacts.ts';
import {
  asDatetime,
  bit,
  type CatalogContext,
  CHAR_2,
  DESC,
  LONG_TEXT,
  type ViewGroup,
  type ViewRow,
  view,
} from './view.ts';
import { sees } from './visibility.ts';

/** The columns every view of objects begins with. */
export const OBJECT_COLUMNS = {
  name: SYSNAME,
  object_id: INT,
  principal_id: INT,
  schema_id: INT,
  parent_object_id: INT,
  type: CHAR_2,
  type_desc: DESC,
  create_date: DATETIME,
  modify_date: DATETIME,
  is_ms_shipped: BIT,
  is_published: BIT,
  is_schema_published: BIT,
};

export function objectRow(object: CatalogObject): ViewRow {
  return {
    name: object.name,
    object_id: object.id,
    schema_id: object.schema.id,
    parent_object_id: object.parentId,
    type: object.type,
    type_desc: TYPE_DESC[object.type] ?? '',
    create_date: asDatetime(object.createdMs),
    modify_date: asDatetime(object.modifiedMs),
    is_ms_shipped: bit(object.shipped),
    is_published: 0,
    is_schema_published: 0,
  };
}

/** The objects the session may see, optionally of some types only. */
export function visibleObjects(context: CatalogContext, types?: readonly string[]): CatalogObject[] {
  return catalogObjects(context.database).filter(
    (object) => (types === undefined || types.includes(object.type)) && sees(context, object.securedBy),
  );
}

function ofTypes(types: readonly string[]): (context: CatalogContext) => ViewRow[] {
  return (context) => visibleObjects(context, types).map(objectRow);
}

function* tableRows(context: CatalogContext): Iterable<ViewRow> {
  const tables = new Map(catalogTables(context.database).map((table) => [table.id, table]));
  for (const object of visibleObjects(context, ['U '])) {
    const table = tables.get(object.id)?.table;
    yield {
      ...objectRow(object),
      max_column_id_used: table?.columns.length ?? tables.get(object.id)?.columns.length ?? 0,
      uses_ansi_nulls: 1,
      is_replicated: 0,
      is_tracked_by_cdc: bit((table?.captures.length ?? 0) > 0),
      lock_escalation: 0,
      lock_escalation_desc: 'TABLE',
      is_filetable: 0,
      is_memory_optimized: 0,
      durability: 0,
      durability_desc: 'SCHEMA_AND_DATA',
      temporal_type: 0,
      temporal_type_desc: 'NON_TEMPORAL_TABLE',
      is_external: 0,
    };
  }
}

function* moduleRows(context: CatalogContext): Iterable<ViewRow> {
  for (const object of context.database.objects.values()) {
    if (!('definition' in object) || !sees(context, object)) continue;
    yield {
      object_id: object.id,
      definition: object.definition.text,
      uses_ansi_nulls: 1,
      uses_quoted_identifier: 1,
      is_schema_bound: bit('schemaBinding' in object.definition && object.definition.schemaBinding),
      uses_database_collation: 0,
      is_recompiled: 0,
      null_on_null_input: 0,
      uses_native_compilation: 0,
    };
  }
}

function* parameterRows(context: CatalogContext): Iterable<ViewRow> {
  for (const object of context.database.objects.values()) {
    if ((object.kind !== 'procedure' && object.kind !== 'function') || !sees(context, object)) continue;
    for (const [i, parameter] of object.definition.parameters.entries())
      yield { object_id: object.id, parameter_id: i + 1, ...parameterFacts(parameter, object, context) };
  }
}

function parameterFacts(parameter: Parameter, object: Procedure | UserFunction, context: CatalogContext): ViewRow {
  const ref = parameter.type;
  const user =
    ref.k === 'user' ? context.database.findType(ref.name.schema ?? object.schema.name, ref.name.name) : undefined;
  const type = ref.k === 'system' ? ref.type : user?.base;
  const facts = type === undefined ? undefined : factsOf(type, ref.k === 'system' ? ref.name : user?.baseName);
  return {
    name: parameter.displayName,
    system_type_id: facts?.systemTypeId ?? 243,
    user_type_id: user?.id ?? facts?.userTypeId ?? 243,
    max_length: facts?.maxLength ?? -1,
    precision: facts?.precision ?? 0,
    scale: facts?.scale ?? 0,
    is_output: bit(parameter.output),
    is_cursor_ref: 0,
    has_default_value: 0,
    is_xml_document: 0,
    is_readonly: bit(parameter.readonly),
    is_nullable: 1,
  };
}

function* triggerRows(context: CatalogContext): Iterable<ViewRow> {
  for (const object of context.database.objects.values()) {
    if (object.kind !== 'trigger' || !sees(context, object.table)) continue;
    yield {
      name: object.name,
      object_id: object.id,
      parent_class: 1,
      parent_class_desc: 'OBJECT_OR_COLUMN',
      parent_id: object.table.id,
      type: 'TR',
      type_desc: 'SQL_TRIGGER',
      create_date: asDatetime(object.createdMs),
      modify_date: asDatetime(object.modifiedMs),
      is_ms_shipped: 0,
      is_disabled: bit(!object.enabled),
      is_not_for_replication: 0,
      is_instead_of_trigger: 0,
    };
  }
}

function* sequenceRows(context: CatalogContext): Iterable<ViewRow> {
  for (const sequence of context.database.objects.values()) {
    if (sequence.kind !== 'sequence' || !sees(context, sequence)) continue;
    const facts = factsOf(sequence.type);
    yield {
      name: sequence.name,
      object_id: sequence.id,
      schema_id: sequence.schema.id,
      type: 'SO',
      type_desc: 'SEQUENCE_OBJECT',
      is_cycling: bit(sequence.cycle),
      user_type_id: facts.userTypeId,
      start_value: sequence.start,
      increment: sequence.increment,
      minimum_value: sequence.min,
      maximum_value: sequence.max,
      current_value: sequence.last ?? sequence.start,
    };
  }
}

/** Views of objects and modules. */
export const objectViews: ViewGroup = {
  objects: view(OBJECT_COLUMNS, ofTypes(Object.keys(TYPE_DESC))),
  all_objects: view(OBJECT_COLUMNS, ofTypes(Object.keys(TYPE_DESC))),
  tables: view(
    {
      ...OBJECT_COLUMNS,
      max_column_id_used: INT,
      lock_on_bulk_load: BIT,
      uses_ansi_nulls: BIT,
      is_replicated: BIT,
      is_tracked_by_cdc: BIT,
      lock_escalation: TINYINT,
      lock_escalation_desc: DESC,
      is_filetable: BIT,
      is_memory_optimized: BIT,
      durability: TINYINT,
      durability_desc: DESC,
      temporal_type: TINYINT,
      temporal_type_desc: DESC,
      is_external: BIT,
    },
    tableRows,
  ),
  views: view(OBJECT_COLUMNS, ofTypes(['V '])),
  all_views: view(OBJECT_COLUMNS, ofTypes(['V '])),
  procedures: view(OBJECT_COLUMNS, ofTypes(['P '])),
  synonyms: view(OBJECT_COLUMNS, ofTypes(['SN'])),
  sequences: view(
    {
      name: SYSNAME,
      object_id: INT,
      schema_id: INT,
      type: CHAR_2,
      type_desc: DESC,
      is_cycling: BIT,
      user_type_id: INT,
      start_value: BIGINT,
      increment: BIGINT,
      minimum_value: BIGINT,
      maximum_value: BIGINT,
      current_value: BIGINT,
    },
    sequenceRows,
  ),
  triggers: view(
    {
      name: SYSNAME,
      object_id: INT,
      parent_class: TINYINT,
      parent_class_desc: DESC,
      parent_id: INT,
      type: char(2),
      type_desc: DESC,
      create_date: DATETIME,
      modify_date: DATETIME,
      is_ms_shipped: BIT,
      is_disabled: BIT,
      is_not_for_replication: BIT,
      is_instead_of_trigger: BIT,
    },
    triggerRows,
  ),
  sql_modules: view(
    {
      object_id: INT,
      definition: LONG_TEXT,
      uses_ansi_nulls: BIT,
      uses_quoted_identifier: BIT,
      is_schema_bound: BIT,
      uses_database_collation: BIT,
      is_recompiled: BIT,
      null_on_null_input: BIT,
      execute_as_principal_id: INT,
      uses_native_compilation: BIT,
    },
    moduleRows,
  ),
  parameters: view(
    {
      object_id: INT,
      name: SYSNAME,
      parameter_id: INT,
      system_type_id: TINYINT,
      user_type_id: INT,
      max_length: SMALLINT,
      precision: TINYINT,
      scale: TINYINT,
      is_output: BIT,
      is_cursor_ref: BIT,
      has_default_value: BIT,
      is_xml_document: BIT,
      default_value: VARIANT,
      is_readonly: BIT,
      is_nullable: BIT,
    },
    parameterRows,
  ),
  extended_properties: view(
    { class: TINYINT, class_desc: DESC, major_id: INT, minor_id: INT, name: nvarchar(128), value: VARIANT },
    () => [],
  ),
};
