import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { StoredProcedureGateway } from '#connectors/commands/gateways/storedProcedures.ts';
import { COMMANDS } from '#connectors/commands/model/commands.ts';
import { AuditLog } from '#connectors/commands/pipeline/auditLog.ts';
import { memoryQuotas } from '#connectors/commands/pipeline/quotas.ts';
import { CommandPipeline } from '#connectors/commands/pipeline/useCases.ts';
import { type Database, openDatabase } from '#connectors/sqlserver/connection.ts';
import { HttpProblem } from '#infra/runtime/http/problem.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { createMetrics } from '#infra/runtime/metrics.ts';
import { type CommandShop, createCommandShop } from '#test/support/commandShop.ts';
import { eventually } from '#test/support/eventually.ts';
import { type StandinProcess, startStandin } from '#test/support/standinProcess.ts';
import { type TdsTap, tdsTap } from '#test/support/tdsTap.ts';

const STATEMENT_TIMEOUT_MS = 400;

let standin: StandinProcess;
let shop: CommandShop;
let tap: TdsTap;
let database: Database;
let gateway: StoredProcedureGateway;
let pipeline: CommandPipeline;

const caller = { id: 'guarded', scopes: ['orders:write'], credential: { kind: 'key', name: 'k' } } as const;
const limits = { ratePerSecond: 1e6, rateBurst: 1e6, dailyCommands: 1e9, processes: 1 };

function order(idempotencyKey: string) {
  const { sku, price } = shop.goods.kettle;
  const body = { customerId: '1', currency: 'GBP', lines: [{ sku, quantity: 1, unitPrice: price }], total: price };
  const command = COMMANDS.find(({ name }) => name === 'AcceptOrder')!;
  return pipeline
    .execute({ command, caller, idempotencyKey, input: { body }, context: { door: 'rest', requestId: 'r' } })
    .catch((error: unknown) => (error instanceof HttpProblem ? error.kind.code : Promise.reject(error)));
}

/** Holds the kettle's stock row as a till would, until `release`. */
async function tillAtWork(): Promise<{ release(): Promise<void> }> {
  const till = await openDatabase({
    ...shop.commandOptions,
    user: 'sa',
    password: standin.saPassword,
    maxConnections: 1,
    port: standin.port,
  });
  await till.batch(
    `BEGIN TRANSACTION; UPDATE dbo.STOCK SET LAST_MOVED = GETDATE() WHERE PROD_CODE = '${shop.goods.kettle.sku}' AND BRANCH_NO = 1`,
  );
  return {
    release: async () => {
      await till.batch('ROLLBACK TRANSACTION');
      await till.close();
    },
  };
}

beforeAll(async () => {
  standin = await startStandin();
  shop = await createCommandShop(standin, 'epos');
  tap = await tdsTap(standin.port);
});

afterAll(async () => {
  await tap?.close();
  await shop?.close();
  await standin?.stop();
});

beforeEach(async () => {
  await database?.close();
  // One connection: whatever a call leaves behind, the next one meets.
  database = await openDatabase({
    ...shop.commandOptions,
    port: tap.port,
    requestTimeoutMs: STATEMENT_TIMEOUT_MS,
    maxConnections: 1,
  });
  const gate = { maxConcurrency: 2, maxQueued: 2, queueTimeoutMs: 5000 };
  gateway = new StoredProcedureGateway({ database, gate, maxAttempts: 3, budgetMs: 3000, log: silentLogger });
  const audit = new AuditLog(silentLogger, createMetrics());
  pipeline = new CommandPipeline({ gateway, audit, quotas: memoryQuotas(limits), now: Date.now });
  await shop.setStock(shop.goods.kettle.sku, 100);
});

describe('a call that takes too long', () => {
  it('is given up with an attention, rolled back, and said to have done nothing', async () => {
    const before = await shop.counts();
    const attentions = tap.sent.attention;
    const till = await tillAtWork();
    const key = randomUUID();
    expect(await order(key)).toBe('timed-out');
    expect(tap.sent.attention).toBe(attentions + 1);
    await till.release();
    expect(await shop.counts()).toEqual(before);
    // The one connection is fit for the next call, and so is the key.
    expect(await order(key)).toMatchObject({ status: 201, replayed: false });
    expect((await shop.stock(shop.goods.kettle.sku)).reserved).toBe(1);
  });

  it('leaves no transaction and no lock behind', async () => {
    const till = await tillAtWork();
    for (let i = 0; i < 3; i++) expect(await order(randomUUID())).toBe('timed-out');
    await till.release();
    await shop.owner.batch(
      `UPDATE dbo.STOCK SET QTY_ON_HAND = 50 WHERE PROD_CODE = '${shop.goods.kettle.sku}' AND BRANCH_NO = 1`,
    );
    expect((await shop.stock(shop.goods.kettle.sku)).reserved).toBe(0);
  });
});

describe('a connection that is lost after the commit', () => {
  it('costs nobody an order: the answer is found by its key', async () => {
    const before = await shop.counts();
    const key = randomUUID();
    tap.loseNextAnswer();
    const reply = await order(key);
    expect(reply).toMatchObject({ status: 201, replayed: false });
    expect(await order(key)).toMatchObject({ body: (reply as { body: string }).body, replayed: true });
    expect(await shop.counts()).toMatchObject({ orders: before['orders']! + 1, commands: before['commands']! + 1 });
  });
});

describe('more commands than the database may have at once', () => {
  it('wait for their turn, and what cannot wait is turned away at once', async () => {
    const till = await tillAtWork();
    const waiting = Array.from({ length: 4 }, () => order(randomUUID()));
    await eventually(() => expect(gateway.load()).toMatchObject({ running: 2, waiting: 2 }));
    expect(await order(randomUUID())).toBe('overloaded');
    await till.release();
    await Promise.all(waiting);
    expect(gateway.load()).toMatchObject({ running: 0, waiting: 0 });
  });
});
