import { setTimeout as delay } from 'node:timers/promises';
import { cpuMs } from './processFacts.ts';
import type { BenchShop } from './shop.ts';

const CHANGES_PER_SECOND = 20_000;
const ROWS_A_CALL = 200;
const POLL_MS = 50;

/** What capture under load showed. */
export interface CaptureFigures {
  /** Changes offered and read back, a second. */
  readonly changesPerSecond: number;
  /** CPU time of the server per second of load, in percent of one core; NaN where /proc is missing. */
  readonly cpuPercent: number;
  /** From the reply to the commit until the client has read the change. */
  readonly latencyMs: { readonly p50: number; readonly p99: number };
}

/** Offers 20,000 inserts a second in statements of 200 rows and reads them back through the change function, polling every 50 ms. */
export async function measureCapture(shop: BenchShop, seconds: number): Promise<CaptureFigures> {
  const committed: { readonly next: number; readonly atMs: number }[] = [];
  const reader = new ChangeReader(shop);
  await reader.skipAll();
  const cpuBefore = cpuMs(shop.server.pid);
  const start = performance.now();
  const calls = (CHANGES_PER_SECOND / ROWS_A_CALL) * seconds;
  const write = async (): Promise<void> => {
    for (let i = 0; i < calls; i++) {
      const dueMs = start + (i * 1000 * ROWS_A_CALL) / CHANGES_PER_SECOND;
      if (performance.now() < dueMs) await delay(dueMs - performance.now());
      const next = await shop.insertSet('FEED', ROWS_A_CALL);
      committed.push({ next, atMs: performance.now() });
    }
  };
  const latencies: number[] = [];
  const total = calls * ROWS_A_CALL;
  const read = async (): Promise<void> => {
    while (reader.changes < total) {
      await delay(POLL_MS);
      await reader.poll();
      for (let first = committed[0]; first && first.next <= reader.nextId; first = committed[0]) {
        latencies.push(performance.now() - first.atMs);
        committed.shift();
      }
    }
  };
  await Promise.all([write(), read()]);
  const elapsedMs = performance.now() - start;
  latencies.sort((a, b) => a - b);
  const at = (share: number): number => latencies[Math.floor(latencies.length * share)] ?? Number.NaN;
  return {
    changesPerSecond: (total / elapsedMs) * 1000,
    cpuPercent: ((cpuMs(shop.server.pid) - cpuBefore) / elapsedMs) * 100,
    latencyMs: { p50: at(0.5), p99: at(0.99) },
  };
}

/** Reads the changes of FEED in pages from one LSN to the next, as a capture client does. */
class ChangeReader {
  readonly #shop: BenchShop;
  #last = '';
  changes = 0;
  /** One more than the highest row number read. */
  nextId = 0;

  constructor(shop: BenchShop) {
    this.#shop = shop;
  }

  /** Waits until everything written so far is captured, and begins after it. */
  async skipAll(): Promise<void> {
    await this.#shop.insertSet('FEED', 1);
    for (let before = 'none'; before !== this.#last; ) {
      before = this.#last;
      await delay(POLL_MS * 4);
      this.#last = await this.#maxLsn();
    }
  }

  async poll(): Promise<void> {
    const to = await this.#maxLsn();
    if (to === this.#last) return;
    const from = `sys.fn_cdc_increment_lsn(0x${this.#last})`;
    const query = `SELECT __$start_lsn, __$seqval, __$operation, ID, CUSTOMER, SKU, QTY FROM cdc.fn_cdc_get_all_changes_dbo_FEED(${from}, 0x${to}, N'all')`;
    this.changes += await this.#shop.stream(query, (row) => {
      this.nextId = Math.max(this.nextId, (row['ID'] as number) + 1);
    });
    this.#last = to;
  }

  async #maxLsn(): Promise<string> {
    const row = await this.#shop.one('SELECT sys.fn_cdc_get_max_lsn() AS lsn');
    return (row!['lsn'] as Buffer).toString('hex');
  }
}
