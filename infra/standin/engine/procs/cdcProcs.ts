import { asDatetime } from '../../catalog/view.ts';
import type { CaptureInstance } from '../../cdc/captureInstance.ts';
import { disableDatabase, disableTable, enableDatabase, enableTable, requireCdc } from '../../cdc/enableTable.ts';
import { lsnBytes } from '../../cdc/lsn.ts';
import { mayRead, securityOf } from '../../cdc/readAccess.ts';
import { sqlError } from '../../sql/errors.ts';
import { bracket } from '../../sql/print.ts';
import { BIT, binary, DATETIME, INT, MAX, nvarchar, type SqlType, SYSNAME } from '../../sql/values.ts';
import type { RowData } from '../../store/row.ts';
import { chain } from '../run/flow.ts';
import {
  type BoundArguments,
  type ProcedureContext,
  type SystemProcedure,
  sendRows,
  systemProcedure,
} from './systemProcedure.ts';

const FLAG_OFF = 0;

/** Members of db_owner only (22904). */
export function requireDbOwner(context: ProcedureContext): void {
  if (!securityOf(context, context.database).isOwner) throw sqlError(22904);
}

function enableDb(context: ProcedureContext): number {
  if (!context.session.security.isSysadmin) throw sqlError(22902);
  enableDatabase(context.database, context.session.server.nowMs());
  context.session.server.changed();
  return 0;
}

function disableDb(context: ProcedureContext): number {
  if (!context.session.security.isSysadmin) throw sqlError(22902);
  disableDatabase(context.database);
  context.session.server.changed();
  return 0;
}

function enable(context: ProcedureContext, args: BoundArguments) {
  requireDbOwner(context);
  const { database, runner, caller, session } = context;
  requireCdc(database);
  const sourceSchema = args.text('@source_schema') ?? '';
  const sourceName = args.text('@source_name') ?? '';
  const table = database.findTable(sourceSchema, sourceName);
  if (!table) throw sqlError(22931, `${sourceSchema}.${sourceName}`);
  // Waits for open transactions that write the table: what they wrote before was not logged for capture.
  const enabled = runner.atomic(caller, true, () => {
    table.data.locks.lockTable(caller.statement.tx, 'X');
    const supportsNetChanges = args.number('@supports_net_changes');
    enableTable(
      database,
      {
        sourceSchema,
        sourceName,
        roleName: args.text('@role_name'),
        captureInstance: args.text('@capture_instance'),
        supportsNetChanges: supportsNetChanges === null ? null : supportsNetChanges === 1,
        indexName: args.text('@index_name'),
        columnList: args.text('@captured_column_list'),
        partitionSwitch: args.number('@allow_partition_switch') !== FLAG_OFF,
      },
      session.server.nowMs(),
    );
  });
  return chain(enabled, () => {
    session.server.changed();
    session.server.securityChanged();
    return 0;
  });
}

function disable(context: ProcedureContext, args: BoundArguments): number {
  requireDbOwner(context);
  disableTable(
    context.database,
    args.text('@source_schema') ?? '',
    args.text('@source_name') ?? '',
    args.text('@capture_instance') ?? '',
  );
  context.session.server.changed();
  return 0;
}

const HELP_COLUMNS: readonly { readonly name: string; readonly type: SqlType }[] = [
  { name: 'source_schema', type: SYSNAME },
  { name: 'source_table', type: SYSNAME },
  { name: 'capture_instance', type: SYSNAME },
  { name: 'object_id', type: INT },
  { name: 'source_object_id', type: INT },
  { name: 'start_lsn', type: binary(10) },
  { name: 'end_lsn', type: binary(10) },
  { name: 'supports_net_changes', type: BIT },
  { name: 'has_drop_pending', type: BIT },
  { name: 'role_name', type: SYSNAME },
  { name: 'index_name', type: SYSNAME },
  { name: 'filegroup_name', type: SYSNAME },
  { name: 'create_date', type: DATETIME },
  { name: 'index_column_list', type: nvarchar(MAX) },
  { name: 'captured_column_list', type: nvarchar(MAX) },
];

async function help(context: ProcedureContext, args: BoundArguments): Promise<number> {
  const { database } = context;
  const cdc = requireCdc(database);
  const schema = args.text('@source_schema')?.toLowerCase();
  const name = args.text('@source_name')?.toLowerCase();
  const security = securityOf(context, database);
  const rows: RowData[] = [];
  for (const instance of cdc.captures.values()) {
    const source = database.objectsById.get(instance.sourceId);
    if (source?.kind !== 'table') continue;
    if (schema !== undefined && source.schema.name.toLowerCase() !== schema) continue;
    if (name !== undefined && source.name.toLowerCase() !== name) continue;
    if (!mayRead(security, database, instance)) continue;
    rows.push(helpRow(instance, source));
  }
  await sendRows(context, HELP_COLUMNS, rows);
  return 0;
}

function helpRow(
  instance: CaptureInstance,
  source: { readonly name: string; readonly schema: { readonly name: string } },
): RowData {
  const names = instance.columns.map((column) => bracket(column.name));
  const keys = instance.keyOrdinals.map((ordinal) => names[ordinal]!);
  return [
    source.schema.name,
    source.name,
    instance.name,
    instance.objectId,
    instance.sourceId,
    lsnBytes(instance.startLsn),
    null,
    Number(instance.supportsNetChanges),
    null,
    instance.roleName,
    instance.indexName,
    null,
    asDatetime(instance.createdMs),
    keys.length > 0 ? keys.join(', ') : null,
    names.join(', '),
  ];
}

async function captureColumns(context: ProcedureContext, args: BoundArguments): Promise<number> {
  const instance = requireCdc(context.database).find(args.text('@capture_instance') ?? '');
  if (!instance) throw sqlError(22985, args.text('@capture_instance') ?? '');
  const columns = [
    { name: 'source_schema', type: SYSNAME },
    { name: 'source_table', type: SYSNAME },
    { name: 'capture_instance', type: SYSNAME },
    { name: 'column_name', type: SYSNAME },
    { name: 'column_id', type: INT },
    { name: 'column_type', type: SYSNAME },
    { name: 'column_ordinal', type: INT },
    { name: 'is_computed', type: BIT },
  ];
  const source = context.database.objectsById.get(instance.sourceId);
  const rows = instance.columns.map((column, i) => [
    source?.schema.name ?? null,
    source?.name ?? null,
    instance.name,
    column.name,
    column.at + 1,
    column.typeName,
    i + 1,
    Number(column.computed),
  ]);
  await sendRows(context, columns, rows);
  return 0;
}

async function ddlHistory(context: ProcedureContext, args: BoundArguments): Promise<number> {
  const { database } = context;
  const cdc = requireCdc(database);
  const instance = cdc.find(args.text('@capture_instance') ?? '');
  if (!instance) throw sqlError(22985, args.text('@capture_instance') ?? '');
  const columns = [
    { name: 'source_schema', type: SYSNAME },
    { name: 'source_table', type: SYSNAME },
    { name: 'capture_instance', type: SYSNAME },
    { name: 'required_column_update', type: BIT },
    { name: 'ddl_command', type: nvarchar(MAX) },
    { name: 'ddl_lsn', type: binary(10) },
    { name: 'ddl_time', type: DATETIME },
  ];
  const source = database.objectsById.get(instance.sourceId);
  const rows = cdc.ddl
    .slice(0, cdc.ddlNoted)
    .filter((record) => record.objectId === instance.objectId)
    .map((record) => [
      source?.schema.name ?? null,
      source?.name ?? null,
      instance.name,
      Number(record.requiredColumnUpdate),
      record.command,
      lsnBytes(record.lsn),
      asDatetime(record.timeMs),
    ]);
  await sendRows(context, columns, rows);
  return 0;
}

const SOURCE_PARAMETERS = [
  { name: '@source_schema', type: SYSNAME },
  { name: '@source_name', type: SYSNAME },
];

export const CDC_PROCEDURES: readonly (readonly [string, SystemProcedure])[] = [
  systemProcedure('sp_cdc_enable_db', [], enableDb),
  systemProcedure('sp_cdc_disable_db', [], disableDb),
  systemProcedure(
    'sp_cdc_enable_table',
    [
      ...SOURCE_PARAMETERS,
      { name: '@capture_instance', type: SYSNAME, value: null },
      { name: '@supports_net_changes', type: BIT, value: null },
      { name: '@role_name', type: SYSNAME },
      { name: '@index_name', type: SYSNAME, value: null },
      { name: '@captured_column_list', type: nvarchar(MAX), value: null },
      { name: '@filegroup_name', type: SYSNAME, value: null },
      { name: '@allow_partition_switch', type: BIT, value: 1 },
    ],
    enable,
  ),
  systemProcedure(
    'sp_cdc_disable_table',
    [...SOURCE_PARAMETERS, { name: '@capture_instance', type: SYSNAME }],
    disable,
  ),
  systemProcedure(
    'sp_cdc_help_change_data_capture',
    [
      { name: '@source_schema', type: SYSNAME, value: null },
      { name: '@source_name', type: SYSNAME, value: null },
    ],
    help,
  ),
  systemProcedure('sp_cdc_get_captured_columns', [{ name: '@capture_instance', type: SYSNAME }], captureColumns),
  systemProcedure('sp_cdc_get_ddl_history', [{ name: '@capture_instance', type: SYSNAME }], ddlHistory),
];
