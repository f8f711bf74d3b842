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
const DONE = { returnValue: 0, recordsets: [[{ CommandId: ID.toUpperCase(), Result: '{}', Replayed: false }]] };

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

const failure = async (answers: readonly SluiceError[]): Promise<SluiceError> =>
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
    [10054, 'CMD_DATABASE_AWAY', 3],
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

  it('does not try again after a time-out: the caller asks with the key', async () => {
    expect(await failure([timeout])).toMatchObject({ code: 'CMD_OUTCOME_UNKNOWN', retriable: true });
  });

  it('understands a refusal and keeps only its numbers and short words', async () => {
    const message = JSON.stringify({
      problem: 'not-enough-stock',
      line: 2,
      requested: 5,
      available: 1,
      long: 'x'.repeat(100),
      deep: {},
    });
    const error = await failure([sqlError(50409, message)]);
    expect(error.code).toBe('CMD_REFUSED');
    expect(error.context).toEqual({ number: 50409, problem: 'not-enough-stock', line: 2, requested: 5, available: 1 });
  });

  it.each([
    ['text that is no JSON', 50409, 'no stock'],
    ['an unknown reason', 50409, '{"problem":"bad-weather"}'],
    ['a reason under another number', 50404, '{"problem":"not-enough-stock"}'],
    ['a name of the object prototype', 50404, '{"problem":"constructor"}'],
  ])('takes %s for a fault, not for a refusal', async (_what, number, message) => {
    expect(await failure([sqlError(number, message)])).toMatchObject({ code: 'CMD_DATABASE_FAULT' });
  });

  it('takes an answer of another shape for a fault', async () => {
    const { gateway } = gatewayOver([{ returnValue: 0, recordsets: [] }]);
    await expect(gateway.execute(CALL)).rejects.toMatchObject({ code: 'CMD_DATABASE_FAULT' });
  });

  it('finds the database there when it answers at all', async () => {
    await gatewayOver([sqlError(2812, 'no such procedure')]).gateway.ping();
    await expect(gatewayOver([sqlError(10054, 'reset')]).gateway.ping()).rejects.toMatchObject({
      code: 'CMD_DATABASE_AWAY',
    });
  });
});
