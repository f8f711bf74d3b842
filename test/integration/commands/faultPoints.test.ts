import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { StoredProcedureGateway } from '#connectors/commands/gateways/storedProcedures.ts';
import { COMMANDS } from '#connectors/commands/model/commands.ts';
import { AuditLog } from '#connectors/commands/pipeline/auditLog.ts';
import { memoryQuotas } from '#connectors/commands/pipeline/quotas.ts';
import type { CommandRequest } from '#connectors/commands/pipeline/types.ts';
import { CommandPipeline } from '#connectors/commands/pipeline/useCases.ts';
import { type Database, openDatabase } from '#connectors/sqlserver/connection.ts';
import { HttpProblem } from '#infra/runtime/http/problem.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { createMetrics } from '#infra/runtime/metrics.ts';
import { type CommandShop, createCommandShop } from '#test/support/commandShop.ts';
import { type FaultPoint, FaultyDatabase } from '#test/support/faultyDatabase.ts';

let shop: CommandShop;
let database: Database;

const limits = { ratePerSecond: 1e6, rateBurst: 1e6, dailyCommands: 1e9, processes: 1 };

/** A process that dies at its fault point: from then on nobody gets an answer of it. */
function processWith(fault?: FaultPoint) {
  const faulty = new FaultyDatabase(database, fault);
  const gate = { maxConcurrency: 4, maxQueued: 100, queueTimeoutMs: 5000 };
  const gateway = new StoredProcedureGateway({
    database: faulty,
    gate,
    maxAttempts: 2,
    budgetMs: 5000,
    log: silentLogger,
  });
  const audit = new AuditLog(silentLogger, createMetrics());
  return { faulty, pipeline: new CommandPipeline({ gateway, audit, quotas: memoryQuotas(limits), now: Date.now }) };
}

const caller = {
  id: 'faults',
  scopes: ['orders:write', 'orders:cancel'],
  credential: { kind: 'key', name: 'k' },
} as const;

function request(name: string, idempotencyKey: string, body: object, params: object = {}): CommandRequest {
  const command = COMMANDS.find((entry) => entry.name === name)!;
  return { command, caller, idempotencyKey, input: { params, body }, context: { door: 'rest', requestId: 'r' } };
}

const order = (key: string): CommandRequest => {
  const { sku, price } = shop.goods.kettle;
  return request('AcceptOrder', key, {
    customerId: '1',
    currency: 'GBP',
    lines: [{ sku, quantity: 1, unitPrice: price }],
    total: price,
  });
};

/** Sends it to one process after the other until it is answered, as a client does. */
async function persist(command: CommandRequest, faults: readonly FaultPoint[]) {
  for (const fault of [...faults, undefined]) {
    const { pipeline, faulty } = processWith(fault);
    try {
      const reply = await pipeline.execute(command);
      // What a dead process would still have said is heard by nobody.
      if (!faulty.isDead) return reply;
    } catch (error) {
      if (!(error instanceof HttpProblem) || !['outcome-unknown', 'database-away'].includes(error.kind.code))
        throw error;
    }
  }
  throw new Error('should have been answered by the last process');
}

beforeAll(async () => {
  shop = await createCommandShop(inject('stack').sqlserver!, 'epos');
  database = await openDatabase(shop.commandOptions);
});

afterAll(async () => {
  await database?.close();
  await shop?.close();
});

beforeEach(async () => {
  await shop.setStock(shop.goods.kettle.sku, 100);
});

const POINTS: readonly FaultPoint[] = [1, 2, 3].flatMap((call) => [
  { call, when: 'before' },
  { call, when: 'after' },
]);

describe('a process that dies at any call to the database', () => {
  it.each(POINTS.map((point) => [point]))(
    '(%o) leaves each order done once, and answered alike by whoever is asked next',
    async (point) => {
      const before = await shop.counts();
      const key = randomUUID();
      const reply = await persist(order(key), [point]);
      const again = await persist(order(key), [{ call: 1, when: 'after' }]);
      expect(again.body).toBe(reply.body);
      expect(await shop.counts()).toMatchObject({ orders: before['orders']! + 1, commands: before['commands']! + 1 });
      expect((await shop.stock(shop.goods.kettle.sku)).reserved).toBe(1);
    },
  );

  it('twice in a row, in any combination, changes nothing of that', async () => {
    const before = await shop.counts();
    for (const first of POINTS) for (const second of POINTS) await persist(order(randomUUID()), [first, second]);
    const orders = POINTS.length ** 2;
    expect(await shop.counts()).toMatchObject({
      orders: before['orders']! + orders,
      commands: before['commands']! + orders,
    });
    expect((await shop.stock(shop.goods.kettle.sku)).reserved).toBe(orders);
  });

  it('gives stock back once when it was cancelling', async () => {
    for (const point of POINTS) {
      const { orderId } = JSON.parse((await persist(order(randomUUID()), [])).body) as { orderId: string };
      const cancel = request('CancelOrder', randomUUID(), { customerId: '1' }, { orderId });
      expect(JSON.parse((await persist(cancel, [point])).body)).toMatchObject({ orderId, status: 'cancelled' });
      expect((await shop.stock(shop.goods.kettle.sku)).reserved).toBe(0);
    }
  });
});
