import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { createLogger } from '#infra/runtime/logger.ts';
import { startStack } from '#infra/stack/stack.ts';
import type { Stack, StackAddresses } from '#infra/stack/types.ts';
import { createRegistry } from '#schemas/registry.ts';
import { TestShop } from '#test/support/consumers/running.ts';
import { eventually } from '#test/support/eventually.ts';
import { cpuMs } from '../standin/processFacts.ts';
import { BenchFeed } from './feed.ts';

const PROGRAM = fileURLToPath(new URL('./program.ts', import.meta.url));

/** Processor time by process group, ms. */
export type Cpu = Readonly<Record<string, number>>;

/** Servers, consumers in processes of their own, and a feed. */
export class BenchStage {
  readonly shop: TestShop;
  readonly feed: BenchFeed;
  readonly addresses: StackAddresses;
  readonly #stack: Stack;
  readonly #consumers: ChildProcess[] = [];

  private constructor(stack: Stack) {
    this.#stack = stack;
    this.addresses = stack.addresses;
    this.shop = new TestShop(stack.addresses, { maxBatchRecords: 1000 });
    const registry = createRegistry(this.shop.config.registry);
    this.feed = new BenchFeed(this.shop.kafka, registry, this.shop.id, (table) => this.shop.feed.topic(table));
  }

  /**
   * Starts servers of its own with the compiler, Elasticsearch also with the memory, of loaded ones, and this many consumer processes;
   * `nodeFlags` go to the consumers, e.g. `--cpu-prof`.
   */
  static async open(processes: number, nodeFlags: readonly string[]): Promise<BenchStage> {
    process.env['SLUICE_ELASTICSEARCH_JAVA_OPTS'] ??= '-Xms1g -Xmx1g';
    // Read by every Java after its own arguments: takes back the local stack's choice of the first compiler, which suits idle servers only.
    process.env['_JAVA_OPTIONS'] ??= '-XX:TieredStopAtLevel=4';
    const stack = await startStack({
      parts: ['kafka', 'registry', 'elasticsearch', 'redis'],
      log: createLogger('bench', 'warn'),
      provider: 'local',
    });
    const stage = new BenchStage(stack);
    await stage.shop.open();
    for (let i = 0; i < processes; i++) await stage.#startConsumer(nodeFlags);
    return stage;
  }

  /** Resolves when a group has committed this many records of a topic, counted over its partitions from their beginnings. */
  async untilRead(group: string, topic: string, records: number): Promise<void> {
    const { kafka, id } = this.shop;
    await eventually(
      async () => {
        const committed = (await kafka.committedOffsets(`${id}.${group}`, [topic])).get(topic);
        const read = Number([...(committed?.values() ?? [])].reduce((sum, offset) => sum + offset, 0n));
        if (read < records) throw new Error(`${group} has read ${read} of ${records}`);
      },
      { timeoutMs: 300_000, everyMs: 10 },
    );
  }

  /** Resolves when a search finds this many products for a query. */
  async untilSearchable(query: object, count: number): Promise<void> {
    const index = `/${this.shop.config.elasticsearch.indexPrefix}product`;
    await eventually(
      async () => {
        const found = await this.shop.elastic.request<{ count: number }>('POST', `${index}/_count`, { query });
        if (found.count !== count) throw new Error(`${found.count} of ${count} can be found`);
      },
      { timeoutMs: 300_000, everyMs: 50 },
    );
  }

  /** Processor time used so far, by what used it. */
  cpu(): Cpu {
    const sum: Record<string, number> = { consumers: 0, bench: cpuMs(process.pid) };
    for (const { pid } of this.#consumers) sum['consumers']! += cpuMs(pid!);
    for (const { name, pid } of this.#stack.processes) sum[name] = (sum[name] ?? 0) + cpuMs(pid);
    return sum;
  }

  async close(): Promise<void> {
    for (const child of this.#consumers) {
      const ended = once(child, 'exit');
      child.stdin!.end();
      await ended;
    }
    await this.shop.close();
    await this.#stack.stop();
  }

  async #startConsumer(nodeFlags: readonly string[]): Promise<void> {
    const child = spawn(process.execPath, [...nodeFlags, PROGRAM, JSON.stringify(this.addresses), this.shop.id], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#consumers.push(child);
    await once(child.stdout!, 'data');
  }
}

/** What was used between two looks, seconds. */
export function cpuBetween(before: Cpu, after: Cpu): Cpu {
  return Object.fromEntries(Object.entries(after).map(([name, ms]) => [name, (ms - (before[name] ?? 0)) / 1000]));
}
