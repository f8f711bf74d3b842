import { describe, expect, it } from 'vitest';
import type { CommandCall } from '#connectors/commands/gateways/procedure.ts';
import { StoredProcedureGateway } from '#connectors/commands/gateways/storedProcedures.ts';
import type { Database } from '#connectors/sqlserver/connection.ts';
import { toSqlError } from '#connectors/sqlserver/sqlErrors.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import { silentLogger } from '#infra/runtime/logger.ts';

const ID = '5f0c6a52-8a0e-4c53-9a55-0d9a6d1c2b11';
const CALL: CommandCall = {
  commandName: 'AcceptOrder',
  procedure: 'storefront.AcceptOrder',
  parameters: [{ name: 'ExpectedTotal', type: 'decimalText', value: '12345678901234567.8900' }],
  commandId: ID,
  idempotencyKey: 'k',
  caller: 'web',
  requestId: 'r',
  payloadHash: Buffer.alloc(32),
};
const answer = (row: Record<string, unknown>) => ({ returnValue: 0, recordsets: [[row]] });
const DONE = answer({ CommandId: ID.toUpperCase(), Result: '{}', Replayed: false, Refusal: null });
/** What storefront.GetCommand answers. */
const known = (row: Record<string, unknown>) => answer({ PayloadHash: CALL.payloadHash, Refusal: null, ...row });

/** The error the connection gives for a server error with this number and text. */
const sqlError = (number: number, message: string): SluiceError =>
  toSqlError(Object.assign(new Error(message), { name: 'RequestError', code: 'EREQUEST', number }), 'host:1433/EPOS');
const timeout = toSqlError(Object.assign(new Error('Timeout'), { name: 'RequestError', code: 'ETIMEOUT' }), 'host');

function gatewayOver(answers: readonly (SluiceError | typeof DONE)[]) {
  const calls: Parameters<Database['execute']>[] = [];
  let nowMs = 0;
  const gateway = new StoredProcedureGateway({
    database: {
      execute: async (...call) => {
        const answer = answers[calls.length] ?? DONE;
        calls.push(call);
        if (answer instanceof SluiceError) throw answer;
        return answer;
      },
    },
    gate: { maxConcurrency: 2, maxQueued: 2, queueTimeoutMs: 1000 },
    maxAttempts: 3,
    budgetMs: 1000,
    log: silentLogger,
    clock: {
      now: () => nowMs,
      sleep: async (ms) => {
        nowMs += ms;
      },
    },
  });
  return { gateway, calls };
}

const failure = async (answers: readonly (SluiceError | typeof DONE)[]): Promise<SluiceError> =>
  gatewayOver(answers)
    .gateway.execute(CALL)
    .then(
      () => {
        throw new Error('should have failed');
      },
      (error: unknown) => error as SluiceError,
    );

describe('the stored procedure gateway', () => {
  it('sends what every command has beside its own parameters, decimals as text', async () => {
    const { gateway, calls } = gatewayOver([]);
    expect(await gateway.execute(CALL)).toEqual({ commandId: ID, result: '{}', replayed: false });
    const [procedure, params] = calls[0]!;
    expect(procedure).toBe('storefront.AcceptOrder');
    expect(Object.keys(params)).toEqual([
      'IdempotencyKey',
      'Caller',
      'RequestId',
      'PayloadHash',
      'ExpectedTotal',
      'CommandId',
      'TraceParent',
    ]);
    expect(params['ExpectedTotal']?.value).toBe('12345678901234567.8900');
  });

  it('tries again with the same key and id after a deadlock and after a lost connection', async () => {
    const { gateway, calls } = gatewayOver([sqlError(1205, 'deadlock'), sqlError(10054, 'reset')]);
    await gateway.execute(CALL);
    expect(calls).toHaveLength(3);
    expect(new Set(calls.map(([, params]) => params['CommandId']?.value)).size).toBe(1);
  });

  it.each([
    [1205, 'CMD_OVERLOADED', 3],
    [1222, 'CMD_OVERLOADED', 3],
    // Three calls, then the question what became of them.
    [10054, 'CMD_OUTCOME_UNKNOWN', 4],
    [9002, 'CMD_DATABASE_AWAY', 3],
    [229, 'CMD_DATABASE_FAULT', 1],
    [2812, 'CMD_DATABASE_FAULT', 1],
    [547, 'CMD_DATABASE_FAULT', 1],
  ])('after error %i gives %s, having tried %i times', async (number, code, tries) => {
    const errors = Array.from({ length: 5 }, () => sqlError(number, 'words of the server'));
    const { gateway, calls } = gatewayOver(errors);
    await expect(gateway.execute(CALL)).rejects.toMatchObject({ code });
    expect(calls).toHaveLength(tries);
  });

  const REFUSED = { CommandId: ID, Replayed: false, Refusal: 50409 };

  it('understands a refusal and keeps only its numbers and short words', async () => {
    const facts = { problem: 'not-enough-stock', line: 2, requested: 5, available: 1, long: 'x'.repeat(100), deep: {} };
    const error = await failure([answer({ ...REFUSED, Result: JSON.stringify(facts) })]);
    expect(error.code).toBe('CMD_REFUSED');
    const { long: _long, deep: _deep, ...kept } = facts;
    expect(error.context).toEqual({ number: 50409, commandId: ID, replayed: false, ...kept });
  });

  it.each([
    ['text that is no JSON', 50409, 'no stock'],
    ['an unknown reason', 50409, '{"problem":"bad-weather"}'],
    ['a reason under another number', 50404, '{"problem":"not-enough-stock"}'],
    ['a name of the object prototype', 50404, '{"problem":"constructor"}'],
  ])('takes %s for a fault, not for a refusal', async (_what, Refusal, Result) => {
    expect(await failure([answer({ ...REFUSED, Refusal, Result })])).toMatchObject({ code: 'CMD_DATABASE_FAULT' });
  });

  it('knows a deadlock that a procedure caught and raised again', async () => {
    const { gateway, calls } = gatewayOver([sqlError(50000, '{"error":1205,"line":40}')]);
    await gateway.execute(CALL);
    expect(calls).toHaveLength(2);
  });

  it('takes an answer of another shape for a fault', async () => {
    const { gateway } = gatewayOver([{ returnValue: 0, recordsets: [] }]);
    await expect(gateway.execute(CALL)).rejects.toMatchObject({ code: 'CMD_DATABASE_FAULT' });
  });

  it.each([
    [
      'it was done',
      timeout,
      { State: 'done', CommandId: ID, Result: '{"a":1}' },
      { commandId: ID, result: '{"a":1}', replayed: false },
    ],
    [
      'an earlier one was',
      timeout,
      { State: 'done', CommandId: ID.replace('5', '6'), Result: '{}' },
      { replayed: true },
    ],
    [
      'it was done before the connection broke',
      sqlError(10054, 'reset'),
      { State: 'done', CommandId: ID, Result: '{}' },
      { replayed: false },
    ],
  ])('asks what became of an unanswered command: %s', async (_what, error, row, outcome) => {
    const { gateway, calls } = gatewayOver([error, ...(error === timeout ? [] : [error, error]), known(row)]);
    expect(await gateway.execute(CALL)).toMatchObject(outcome);
    expect(calls.at(-1)?.[0]).toBe('storefront.GetCommand');
  });

  it.each([
    ['nothing of it, after the server gave it up', [timeout, known({ State: 'unknown' })], 'CMD_TIMED_OUT'],
    [
      'nothing of it, on a connection that broke',
      [...Array(3).fill(sqlError(10054, 'reset')), known({ State: 'unknown' })],
      'CMD_OUTCOME_UNKNOWN',
    ],
    ['that it still runs', [timeout, known({ State: 'running' })], 'CMD_OUTCOME_UNKNOWN'],
    ['nothing at all', [timeout, sqlError(10054, 'reset')], 'CMD_OUTCOME_UNKNOWN'],
    [
      'that the key is another request’s',
      [timeout, known({ State: 'done', CommandId: ID, Result: '{}', PayloadHash: Buffer.alloc(32, 1) })],
      'CMD_REFUSED',
    ],
    [
      'that it was refused',
      [timeout, known({ State: 'done', CommandId: ID, Result: '{"problem":"not-enough-stock"}', Refusal: 50409 })],
      'CMD_REFUSED',
    ],
  ])('never guesses: when the database tells %s, that is what it says', async (_what, answers, code) => {
    expect(await failure(answers)).toMatchObject({ code });
  });

  it('knows that nothing was sent over a connection that was never made', async () => {
    const refusedConnection = toSqlError(
      Object.assign(new Error('refused'), { name: 'ConnectionError', code: 'ESOCKET' }),
      'host',
    );
    expect(await failure(Array(5).fill(refusedConnection))).toMatchObject({ code: 'CMD_DATABASE_AWAY' });
  });

  it('calls nothing any more while its breaker is open', async () => {
    const refusedConnection = toSqlError(
      Object.assign(new Error('refused'), { name: 'ConnectionError', code: 'ESOCKET' }),
      'host',
    );
    const { gateway, calls } = gatewayOver(Array(100).fill(refusedConnection));
    for (let i = 0; i < 6; i++) await gateway.execute(CALL).catch(() => undefined);
    expect([calls.length, gateway.load().breaker]).toEqual([15, 'open']);
  });

  const ORDER: CommandCall = {
    ...CALL,
    parameters: [
      { name: 'CustomerId', type: 'varchar', length: 20, value: '1' },
      { name: 'Currency', type: 'varchar', length: 3, value: 'GBP' },
      { name: 'ExpectedTotal', type: 'decimalText', value: '9.9900' },
      {
        name: 'Lines',
        type: 'table',
        value: { typeName: 'storefront.OrderLines', columns: [], rows: [[1, 'A', 1, '9.9900']] },
      },
      { name: 'ReservationId', type: 'varchar', length: 20, value: null },
    ],
  };

  it('runs a group in one round trip and what went wrong in it by itself', async () => {
    const batch = {
      returnValue: 0,
      recordsets: [
        [{ Seq: 0 }],
        [{ CommandId: ID, Result: '{"n":0}', Replayed: false, Refusal: null }],
        [{ Seq: 1 }],
        [{ CommandId: ID, Result: '{"problem":"not-enough-stock"}', Replayed: false, Refusal: 50409 }],
        [{ Seq: 2 }],
        [{ Seq: 2, ErrorNumber: 1205 }],
      ],
    };
    const { gateway, calls } = gatewayOver([batch as unknown as typeof DONE]);
    const outcomes = await gateway.executeGroup([ORDER, ORDER, ORDER]);
    expect(outcomes.map((outcome) => (outcome instanceof SluiceError ? outcome.code : outcome.result))).toEqual([
      '{"n":0}',
      'CMD_REFUSED',
      '{}',
    ]);
    expect(calls.map(([procedure]) => procedure)).toEqual(['storefront.AcceptOrderBatch', 'storefront.AcceptOrder']);
  });

  it('runs every command of a group by itself when its answer was lost', async () => {
    const { gateway, calls } = gatewayOver([timeout]);
    expect(await gateway.executeGroup([ORDER, ORDER])).toHaveLength(2);
    expect(calls).toHaveLength(3);
  });

  it('finds the database there when it answers at all', async () => {
    await gatewayOver([sqlError(2812, 'no such procedure')]).gateway.ping();
    await expect(gatewayOver([sqlError(10054, 'reset')]).gateway.ping()).rejects.toMatchObject({
      code: 'CMD_DATABASE_AWAY',
    });
  });
});
