import { systemClock } from '#infra/runtime/clock.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import type { DemoEnvironment } from './runEnvironment.ts';
import type { DemoCheck, DemoFacts, LatencySummary } from './runReport.ts';
import { demoConfig, SyncWatch, type VerifyResult, verifyDemo } from './runVerify.ts';
import type { DemoShop, SampleLine } from './shops.ts';
import { startTraffic, type Traffic } from './traffic/traffic.ts';

export interface OnceOptions {
  readonly environment: DemoEnvironment;
  readonly shop: DemoShop;
  readonly rate: number;
  readonly seconds: number;
  /** Kill the capture and the consumers in the middle of the traffic. */
  readonly chaos: boolean;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly progress: (text: string) => void;
}

/** How long the copies may take to show one change, and to catch up at the end, ms. */
const VISIBLE_TIMEOUT_MS = 60_000;
const CATCH_UP_TIMEOUT_MS = 180_000;
const POLL_MS = 100;
const ORDER_LINES = 3;

/**
 * The checked run: snapshot, traffic, one order from the basket to the van, a changed price, and at the end a comparison of every
 * document, stock level and order with the source.
 */
export async function runOnce(options: OnceOptions): Promise<DemoFacts> {
  const { environment, shop, seconds, progress, signal } = options;
  progress('waiting for the snapshot to reach search and stock');
  const snapshotMs = await timed(() => waitInSync(options));
  progress(`running ${seconds} s of traffic at about ${options.rate} changes/s`);
  const traffic = await startTraffic({
    executor: environment.owner,
    shop: shop.traffic,
    log: options.log,
    changesPerSecond: options.rate,
    signal,
  });
  const trafficStart = performance.now();
  const checks = await Promise.race([duringTraffic(options), traffic.failed]);
  const restMs = seconds * 1000 - (performance.now() - trafficStart);
  if (restMs > 0) await Promise.race([systemClock.sleep(restMs, signal), traffic.failed]);
  const trafficMs = performance.now() - trafficStart;
  const { changes } = await stopTraffic(traffic);
  progress('traffic stopped; comparing every document and stock level with the source');
  const latencies = await readLatencies(environment);
  const verified = await waitVerified(options);
  await environment.sampleMemory();
  return {
    shop: shop.title,
    sourceRows: environment.sourceRows,
    documents: verified.documents,
    stockLevels: verified.stockLevels,
    changes,
    trafficMs,
    snapshotMs,
    ...latencies,
    checks,
    differences: verified.differences,
    phases: environment.phases,
    memory: environment.memory(),
  };
}

async function stopTraffic(traffic: Traffic): Promise<{ changes: number }> {
  await traffic.stop();
  return { changes: traffic.counters().changes };
}

async function duringTraffic(options: OnceOptions): Promise<DemoCheck[]> {
  const { environment, shop } = options;
  const lines = await shop.sampleOrderLines(environment.owner, ORDER_LINES + 1);
  const [priced, ...ordered] = lines;
  if (priced === undefined || ordered.length === 0)
    return [{ name: 'sample products', ok: false, detail: 'none can be ordered' }];
  const checks = [await checkPrice(options, priced)];
  if (options.chaos) checks.push(await killed(options, 'capture'));
  checks.push(...(await checkOrder(options, ordered)));
  if (options.chaos) checks.push(await killed(options, 'consumers'));
  return checks;
}

/** A clerk changes a price; the search must show it. */
async function checkPrice(options: OnceOptions, line: SampleLine): Promise<DemoCheck> {
  const price = '123.45';
  await options.shop.changePrice(options.environment.owner, line.sku, price);
  return checkEventually(options, 'search shows a changed price', async () => {
    const found = await options.environment.storefront.searchBySku(line.sku);
    return found?.['price'] === price ? `${line.sku} at ${price}` : undefined;
  });
}

/** An order through the command API: reserved stock, then picked, then shipped. */
async function checkOrder(options: OnceOptions, lines: readonly SampleLine[]): Promise<DemoCheck[]> {
  const { environment, shop } = options;
  const answer = await environment.commands.placeOrder({
    customerId: shop.demoCustomerId,
    currency: shop.currency,
    lines,
  });
  const placed: DemoCheck = {
    name: 'order accepted by the command API',
    ok: answer.status === 201,
    detail:
      answer.status === 201
        ? `order ${answer.body.orderId}, total ${answer.body.total}`
        : `HTTP ${answer.status} ${JSON.stringify(answer.body)}`,
  };
  if (!placed.ok) return [placed];
  const { orderId, commandId } = answer.body;
  const status = async (): Promise<string | null> => environment.storefront.orderStatus(orderId, commandId);
  const known = await checkEventually(options, 'storefront knows the order', async () => {
    const word = await status();
    return word === null ? undefined : `order ${orderId} is ${word}`;
  });
  const taken = await checkEventually(options, "stock shows the order's lines taken", () =>
    sourceStockShown(options, lines),
  );
  await shop.pickOrder(environment.owner, orderId);
  await shop.shipOrder(environment.owner, orderId);
  const shipped = await checkEventually(options, 'status turns to shipped', async () =>
    (await status()) === 'shipped' ? `order ${orderId}` : undefined,
  );
  const expected = ['order.created new', 'order.status_changed picking', 'order.status_changed shipped'];
  const told = await checkEventually(options, 'signed webhooks tell the shop', async () => {
    const news = environment.orderNews(orderId);
    return JSON.stringify(news) === JSON.stringify(expected) ? news.join(', ') : undefined;
  });
  const listed = await checkEventually(options, "the account's orders list it, with its lines", async () => {
    const order = (await environment.ownOrders()).find((one) => one.orderId === orderId);
    return order?.status === 'shipped' && order.lines?.length === lines.length
      ? `${order.lines.length} lines`
      : undefined;
  });
  return [placed, known, taken, shipped, told, listed];
}

/** The stock shown for every ordered sku equals the source's at one and the same look. */
async function sourceStockShown(options: OnceOptions, lines: readonly SampleLine[]): Promise<string | undefined> {
  const seen: string[] = [];
  for (const { sku } of lines) {
    const expected = await options.shop.stockOf(options.environment.owner, sku);
    const shown = await options.environment.storefront.stock(sku);
    if (shown?.onHand !== expected.onHand || shown.reserved !== expected.reserved) return undefined;
    seen.push(`${sku} ${shown.available} left`);
  }
  return seen.join(', ');
}

/** kill -9 of a role; the supervisor starts it again. */
async function killed(options: OnceOptions, role: 'capture' | 'consumers'): Promise<DemoCheck> {
  const process = options.environment.processes.get(role)!;
  const pid = process.pid;
  await process.killHard();
  await process.whenReady();
  return {
    name: `kill -9 of ${role}`,
    ok: process.pid !== pid,
    detail: `process ${pid} killed, ${process.pid} took over`,
  };
}

async function checkEventually(
  options: OnceOptions,
  name: string,
  look: () => Promise<string | undefined>,
): Promise<DemoCheck> {
  const startedAt = performance.now();
  let last = 'not seen';
  while (performance.now() - startedAt < VISIBLE_TIMEOUT_MS) {
    try {
      const detail = await look();
      if (detail !== undefined)
        return { name, ok: true, detail: `${detail} (after ${Math.round(performance.now() - startedAt)} ms)` };
    } catch (error) {
      last = error instanceof Error ? error.message : String(error);
    }
    await systemClock.sleep(POLL_MS, options.signal);
  }
  return { name, ok: false, detail: `${last} within ${VISIBLE_TIMEOUT_MS / 1000} s` };
}

async function waitInSync(options: OnceOptions): Promise<void> {
  const deadline = performance.now() + CATCH_UP_TIMEOUT_MS;
  const watch = new SyncWatch(options.environment, await demoConfig(options.environment, options.shop));
  try {
    while (performance.now() < deadline && !(await watch.inSync())) {
      await options.environment.sampleMemory();
      await systemClock.sleep(POLL_MS * 2, options.signal);
    }
  } finally {
    await watch.close();
  }
}

/** Verifies until nothing differs or the time is over: lag ends by itself, a difference does not. */
async function waitVerified(options: OnceOptions): Promise<VerifyResult> {
  const deadline = performance.now() + CATCH_UP_TIMEOUT_MS;
  await waitInSync(options);
  for (;;) {
    const result = await verifyDemo(options.environment, options.shop, options.signal);
    if (result.differences.length === 0 || performance.now() >= deadline) return result;
    await systemClock.sleep(1000, options.signal);
  }
}

async function readLatencies(
  environment: DemoEnvironment,
): Promise<Pick<DemoFacts, 'commitToStock' | 'commitToSearchable'>> {
  const status = await environment.status('consumers');
  return {
    commitToStock: latencyAt(status, 'commitToStock'),
    commitToSearchable: latencyAt(status, 'commitToSearchable'),
  };
}

const NO_SAMPLES: LatencySummary = { count: 0, p50Ms: null, p99Ms: null };

/** Finds a latency summary by its name anywhere in a status. */
function latencyAt(value: unknown, name: string): LatencySummary {
  if (typeof value !== 'object' || value === null) return NO_SAMPLES;
  const own = (value as Record<string, unknown>)[name];
  if (typeof own === 'object' && own !== null && 'p50Ms' in own) return own as LatencySummary;
  for (const item of Object.values(value)) {
    const found = latencyAt(item, name);
    if (found !== NO_SAMPLES) return found;
  }
  return NO_SAMPLES;
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}
