import { columnTypes, type SqlParams, tableParam, varcharOf } from '#connectors/sqlserver/params.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import type { CommandCall, ProcedureParameter, TableValue } from './procedure.ts';
import { type WriteAnswer, writeAnswer } from './procedureAnswer.ts';

/**
 * Orders run together: one round trip, one procedure that runs AcceptOrder for each in its own transaction. Source of the parameters and of
 * the order of the answers: infra/sql, acceptOrderBatch.
 */
export const ORDER_BATCH_COMMAND = 'AcceptOrder';
export const ORDER_BATCH_PROCEDURE = 'storefront.AcceptOrderBatch';

/** Orders of one round trip: they hold one connection for their whole time, about 2 ms each, and share one time-out. */
export const MAX_GROUP = 50;

const DECIMAL_CHARS = 40;
const { smallint, int, varchar, binary, uniqueidentifier } = columnTypes;

/** The calls of one caller as two table-valued parameters: the orders and all their lines, both numbered by place in `calls`. */
export function orderBatchParameters(calls: readonly CommandCall[]): SqlParams {
  const orders = calls.map((call, seq) => [
    seq,
    call.idempotencyKey,
    call.requestId,
    call.payloadHash,
    call.commandId,
    textOf(call, 'CustomerId'),
    textOf(call, 'Currency'),
    textOf(call, 'ExpectedTotal'),
    textOf(call, 'ReservationId'),
    call.traceparent ?? null,
  ]);
  const lines = calls.flatMap((call, seq) => linesOf(call).rows.map((row) => [seq, ...row]));
  return {
    Caller: varcharOf(64, calls[0]?.caller ?? ''),
    Commands: tableParam(
      'storefront.OrderBatch',
      [
        { name: 'SEQ', type: smallint },
        { name: 'IDEMPOTENCY_KEY', type: varchar(100) },
        { name: 'REQUEST_ID', type: varchar(64) },
        { name: 'PAYLOAD_HASH', type: binary(32) },
        { name: 'COMMAND_ID', type: uniqueidentifier },
        { name: 'CUSTOMER_ID', type: varchar(20) },
        { name: 'CURRENCY', type: varchar(3) },
        { name: 'EXPECTED_TOTAL', type: varchar(DECIMAL_CHARS) },
        { name: 'RESERVATION_ID', type: varchar(20), nullable: true },
        { name: 'TRACE_PARENT', type: varchar(55), nullable: true },
      ],
      orders,
    ),
    Lines: tableParam(
      'storefront.OrderBatchLines',
      [
        { name: 'SEQ', type: smallint },
        { name: 'LINE_NO', type: smallint },
        { name: 'SKU', type: varchar(20) },
        { name: 'QUANTITY', type: int },
        { name: 'UNIT_PRICE', type: varchar(DECIMAL_CHARS) },
      ],
      lines,
    ),
  };
}

/** Answers by place. A place that is missing was not reached, or its transaction was rolled back by an error: it must be run by itself. */
export function orderBatchAnswers(
  recordsets: readonly (readonly Readonly<Record<string, unknown>>[])[],
  procedure: string,
): ReadonlyMap<number, WriteAnswer> {
  const answers = new Map<number, WriteAnswer>();
  let seq: number | undefined;
  for (const [row] of recordsets) {
    if (typeof row?.['Seq'] === 'number') seq = 'ErrorNumber' in row ? undefined : row['Seq'];
    else if (seq !== undefined) {
      answers.set(seq, writeAnswer(row, procedure));
      seq = undefined;
    }
  }
  return answers;
}

function parameterOf(call: CommandCall, name: string): ProcedureParameter {
  const parameter = call.parameters.find((entry) => entry.name === name);
  if (parameter === undefined)
    throw new SluiceError('INTERNAL', `${call.commandName} should have the parameter ${name}, but has not.`);
  return parameter;
}

function textOf(call: CommandCall, name: string): string | null {
  const parameter = parameterOf(call, name);
  if (parameter.type === 'table' || parameter.type === 'int')
    throw new SluiceError('INTERNAL', `Parameter ${name} of ${call.commandName} should be text.`);
  return parameter.value;
}

function linesOf(call: CommandCall): TableValue {
  const parameter = parameterOf(call, 'Lines');
  if (parameter.type !== 'table')
    throw new SluiceError('INTERNAL', `Parameter Lines of ${call.commandName} should be a table.`);
  return parameter.value;
}
