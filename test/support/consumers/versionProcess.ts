import { BulkWriter } from '#consumers/catalog/bulk.ts';
import { writeDocuments } from '#consumers/catalog/catalogHandler.ts';
import { type Elastic, refusedStatus } from '#consumers/catalog/elastic.ts';
import type { BuildOptions, BuildState } from '#consumers/catalog/indexBuild.ts';
import { IndexHolder } from '#consumers/catalog/indexHolder.ts';
import { keepIndexBuilt, type SwapWhen } from '#consumers/catalog/indexLoop.ts';
import { catalogLanes, type LaneGroup } from '#consumers/catalog/lanes.ts';
import { aliasName, highestVersion, writeAlias } from '#consumers/catalog/searchIndex.ts';
import { VersionSource } from '#consumers/catalog/versions.ts';
import { wholeRows } from '#consumers/catalog/wholeRows.ts';
import { checkLinksEntered } from '#consumers/rows/linkPlan.ts';
import { decodeMark } from '#consumers/rows/marks.ts';
import { planDocument } from '#consumers/rows/relations.ts';
import { RowStore } from '#consumers/rows/rowStore.ts';
import { Coverage } from '#consumers/runner/coverage.ts';
import type { KafkaClient } from '#infra/kafka/types.ts';
import type { RedisCommands } from '#infra/redis/client.ts';
import type { Clock } from '#infra/runtime/clock.ts';
import type { DocumentDefinition } from '#infra/runtime/config/catalog.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import type { MemoryBroker } from '#test/support/kafka/memoryBroker.ts';
import { CONTROL } from './handed.ts';
import { GROUP_PREFIX, LINK_LIMITS, ROWS_GROUP, ROWS_TOPICS } from './rowsStage.ts';

export const INDEX_PREFIX = 'shop-';

export interface VersionProcessOptions {
  readonly definition: DocumentDefinition;
  readonly swap: SwapWhen;
  readonly broker: MemoryBroker;
  readonly kafka: KafkaClient;
  readonly redis: RedisCommands;
  readonly elastic: Elastic;
  readonly clock: Clock;
  readonly gate: () => Promise<void>;
  readonly onState: (state: BuildState) => void;
}

/** One process that keeps one version of a document type: what `catalogConsumer` puts together, its groups driven by a test. */
export class VersionProcess {
  readonly definition: DocumentDefinition;
  readonly lanes: readonly LaneGroup[];
  readonly busy = new Set<string>();
  readonly #options: VersionProcessOptions;
  readonly #holder: IndexHolder;
  readonly #parts;
  readonly #abort = new AbortController();
  #opened = false;

  constructor(options: VersionProcessOptions) {
    const { definition, redis, elastic } = options;
    this.#options = options;
    this.definition = definition;
    this.lanes = catalogLanes(GROUP_PREFIX, definition);
    this.#holder = new IndexHolder({
      ...options,
      indexPrefix: INDEX_PREFIX,
      lanes: this.lanes,
      log: silentLogger,
    });
    const pattern = `${aliasName(INDEX_PREFIX, definition.type)}-v*`;
    this.#parts = {
      store: new RowStore(redis, { linkLimits: LINK_LIMITS }),
      plan: planDocument(definition),
      versions: new VersionSource(redis, definition.type, () => highestVersion(elastic, pattern)),
      whole: wholeRows(redis, ROWS_GROUP),
      onWritten: () => undefined,
    };
  }

  /** It has its index and reads its groups. */
  get opened(): boolean {
    return this.#opened;
  }

  stop(): void {
    this.#opened = false;
    this.#abort.abort();
  }

  /** Ends when it is stopped, or rejects when the process would end with an error. */
  async run(): Promise<void> {
    const { signal } = this.#abort;
    const { redis, definition, swap, onState } = this.#options;
    const building: BuildOptions = {
      ...this.#options,
      ...this.#parts,
      rowsReady: () => checkLinksEntered(redis, ROWS_GROUP, [definition]),
      indexPrefix: INDEX_PREFIX,
      groupPrefix: GROUP_PREFIX,
      rowsTopics: ROWS_TOPICS,
      lanes: this.lanes,
      pageDocuments: 2,
      log: silentLogger,
    };
    try {
      await this.#holder.open(signal);
      this.#opened = true;
      await keepIndexBuilt(building, swap, this.#holder, onState, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /** A batch of a partition from where the group stands: what its runner does. Undefined when there is nothing, or it is at it. */
  own({ groupId, topic }: LaneGroup, partition: number, most: number): (() => Promise<void>) | undefined {
    const { broker, gate, elastic } = this.#options;
    const { committed } = broker.group(groupId);
    const at = `${topic}/${partition}`;
    const log = broker.partition(topic, partition);
    const { messages, next } = log.read(committed.get(at) ?? 0n, most);
    if (!this.#opened || messages.length === 0 || this.busy.has(at)) return undefined;
    this.busy.add(at);
    const records = messages.map((message) => ({ message, value: decodeMark(message.key, message.value) }));
    const batch = { topic, partition, records, highWatermark: log.highWatermark };
    return async () => {
      try {
        const bulk = new BulkWriter({ elastic, alias: () => writeAlias(this.#holder.info.index) });
        await writeDocuments({ ...this.#parts, bulk, coverage: new Coverage(), pieceDocuments: 2 }, batch, CONTROL);
        await gate();
        if (next > (committed.get(at) ?? 0n)) committed.set(at, next);
      } catch (error) {
        if (refusedStatus(error) === 404) await this.#holder.heal();
        throw error;
      } finally {
        this.busy.delete(at);
      }
    };
  }
}
