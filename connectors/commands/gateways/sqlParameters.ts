import {
  binary,
  columnTypes,
  int,
  nvarchar,
  nvarcharOf,
  type SqlParam,
  type SqlParams,
  tableParam,
  uniqueidentifier,
  varcharOf,
} from '#connectors/sqlserver/params.ts';
import type { CommandCall, ProcedureParameter, TableColumn, TableValue } from './procedure.ts';

/** Which of the two sets of procedures the database has: `sluice sql --server` prints both. The older knows no table-valued parameters. */
const SQL_DIALECTS = ['sqlserver2008', 'sqlserver2005'] as const;
export type SqlDialect = (typeof SQL_DIALECTS)[number];

/** Longest decimal text: 38 digits, sign, point. */
const DECIMAL_CHARS = 40;

/** What the procedure of every write takes, and its own between them. Source: infra/sql. */
export function writeParameters(call: CommandCall, dialect: SqlDialect): SqlParams {
  return {
    IdempotencyKey: varcharOf(100, call.idempotencyKey),
    Caller: varcharOf(64, call.caller),
    RequestId: varcharOf(64, call.requestId),
    PayloadHash: binary(call.payloadHash),
    ...ownParameters(call.parameters, dialect),
    CommandId: uniqueidentifier(call.commandId),
    TraceParent: varcharOf(55, call.traceparent ?? null),
  };
}

/** The parameters that belong to one use case. */
export function ownParameters(parameters: readonly ProcedureParameter[], dialect: SqlDialect): SqlParams {
  return Object.fromEntries(parameters.map((parameter) => [parameter.name, sqlParam(parameter, dialect)]));
}

function sqlParam(parameter: ProcedureParameter, dialect: SqlDialect): SqlParam {
  switch (parameter.type) {
    case 'varchar':
      return varcharOf(parameter.length, parameter.value);
    case 'nvarchar':
      return nvarcharOf(parameter.length, parameter.value);
    case 'int':
      return int(parameter.value);
    case 'decimalText':
      return varcharOf(DECIMAL_CHARS, parameter.value);
    case 'table':
      return dialect === 'sqlserver2005' ? nvarchar(tableXml(parameter.value)) : sqlTable(parameter.value);
  }
}

function sqlTable({ typeName, columns, rows }: TableValue): SqlParam {
  return tableParam(
    typeName,
    columns.map((column) => ({ name: column.name, type: columnType(column) })),
    rows,
  );
}

/** Decimals go as text and become decimal in the server: the driver would send them through a binary double. */
function columnType(column: TableColumn) {
  switch (column.type) {
    case 'varchar':
      return columnTypes.varchar(column.length);
    case 'decimalText':
      return columnTypes.varchar(DECIMAL_CHARS);
    default:
      return columnTypes[column.type];
  }
}

/** The same rows for a procedure that takes xml: `<rows><row LINE_NO="1" SKU="AB1"/></rows>`; a null is left out. */
export function tableXml({ columns, rows }: TableValue): string {
  const attribute = (value: string | number | null, i: number): string =>
    value === null ? '' : ` ${columns[i]!.name}="${escapeXml(String(value))}"`;
  return `<rows>${rows.map((row) => `<row${row.map(attribute).join('')}/>`).join('')}</rows>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => ENTITIES[sign]!);
}
