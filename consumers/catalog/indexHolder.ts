import type { KafkaClient } from '#infra/kafka/types.ts';
import type { RedisCommands } from '#infra/redis/client.ts';
import type { Clock } from '#infra/runtime/clock.ts';
import type { DocumentDefinition } from '#infra/runtime/config/catalog.ts';
import { errorFields, isRetriable } from '#infra/runtime/errors.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import { retry } from '#infra/runtime/retry.ts';
import type { Elastic } from './elastic.ts';
import { definitionFingerprint } from './fingerprint.ts';
import { startGroupAtEnd } from './indexBuild.ts';
import { forgetFill } from './indexFill.ts';
import { isLeftFrozen, thaw } from './indexFreeze.ts';
import { IndexRecord, indexState, isOlder } from './indexIdentity.ts';
import type { LaneGroup } from './lanes.ts';
import { type IndexInfo, listIndexes, openSearchIndex, remember } from './searchIndex.ts';

/** Milliseconds between looks at the index: how long a loss stays unseen while nothing is written. */
const LOOK_MS = 5000;

export interface IndexHolderOptions {
  readonly kafka: KafkaClient;
  readonly redis: RedisCommands;
  readonly elastic: Elastic;
  readonly definition: DocumentDefinition;
  readonly indexPrefix: string;
  readonly lanes: readonly LaneGroup[];
  readonly log: Logger;
  readonly clock: Clock;
}

/**
 * Holds the index of one version of a document type: makes it, and when it is lost or comes back as an older copy of itself sees to it that
 * it is made or filled again. Searches get a lost index back when it is filled, never before.
 */
export class IndexHolder {
  readonly #options: IndexHolderOptions;
  readonly #fingerprint: string;
  #info: IndexInfo | undefined;
  #searchless = false;
  #healing: Promise<void> | undefined;

  constructor(options: IndexHolderOptions) {
    this.#options = options;
    this.#fingerprint = definitionFingerprint(options.definition);
  }

  /** Only after `open`. */
  get info(): IndexInfo {
    return this.#info!;
  }

  get index(): string | null {
    return this.#info?.index ?? null;
  }

  /** Searches of this type go nowhere: whatever is built is to be searched at once. */
  get searchless(): boolean {
    return this.#searchless;
  }

  /** The definition is not the one the index was built by, yet has the same version. */
  get definitionChanged(): boolean {
    return this.#info !== undefined && this.#info.fingerprint !== this.#fingerprint;
  }

  async open(signal: AbortSignal): Promise<void> {
    const { definition, log, clock } = this.#options;
    await retry(() => this.#open(), {
      attempts: Number.POSITIVE_INFINITY,
      signal,
      clock,
      onRetry: (error) => log.warn({ event: 'search_index_awaited', type: definition.type, error: String(error) }),
    });
    if (this.definitionChanged)
      log.warn({
        event: 'document_definition_changed',
        type: definition.type,
        version: definition.version,
        index: this.info.index,
        hint: `documents built from now on differ from those in the index: raise version, or \`sluice index accept ${definition.type} --execute\` when they are the same`,
      });
  }

  /** Makes or repairs the index; calls at the same time share one attempt. Errors are left to the next attempt. */
  async heal(): Promise<void> {
    this.#healing ??= this.#open()
      .catch((error: unknown) =>
        this.#options.log.warn({ event: 'search_index_not_healed', index: this.index, ...errorFields(error) }),
      )
      .finally(() => {
        this.#healing = undefined;
      });
    await this.#healing;
  }

  /** An index that was left frozen, by a swap that was killed or in the copy it came back as, takes writes again. */
  async thaw(): Promise<void> {
    const { elastic, indexPrefix, definition } = this.#options;
    const found = (await listIndexes(elastic, indexPrefix, definition.type)).find(({ index }) => index === this.index);
    if (found !== undefined) await this.#thawLeft(found);
  }

  /** Resolves when the index has to be filled: made anew, restored, or left half filled by another process. */
  async untilUnfilled(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    while (this.info.filledAt !== null) {
      await clock.sleep(LOOK_MS, signal);
      await this.#look().catch((error: unknown) => {
        if (!isRetriable(error)) throw error;
        log.debug({ event: 'search_index_not_looked_at', index: this.index, ...errorFields(error) });
      });
    }
  }

  /** The index is filled. */
  filled(filledAt: string): void {
    this.#info = { ...this.info, filledAt };
  }

  async #thawLeft(info: IndexInfo): Promise<void> {
    const { elastic, log, clock } = this.#options;
    if (!isLeftFrozen(info, clock.now())) return;
    await thaw(elastic, info.index);
    log.warn({ event: 'search_index_thawed', index: info.index });
  }

  async #look(): Promise<void> {
    const { elastic, indexPrefix, definition } = this.#options;
    const found = (await listIndexes(elastic, indexPrefix, definition.type)).find(({ index }) => index === this.index);
    if (found === undefined || found.uuid !== this.info.uuid) return this.#open();
    this.#info = found;
    await this.#compare();
    await this.#thawLeft(found);
  }

  async #open(): Promise<void> {
    const { kafka, elastic, indexPrefix, definition, log, lanes } = this.#options;
    const known = await listIndexes(elastic, indexPrefix, definition.type);
    const committed = await Promise.all(lanes.map(({ groupId, topic }) => kafka.committedOffsets(groupId, [topic])));
    const everRun = known.length > 0 || committed.some((topics) => [...topics.values()].some(({ size }) => size > 0));
    let info = await openSearchIndex(elastic, indexPrefix, definition, log, !everRun);
    if (info.fingerprint === null) {
      await remember(elastic, info, { fingerprint: this.#fingerprint });
      info = { ...info, fingerprint: this.#fingerprint };
    }
    const all = await listIndexes(elastic, indexPrefix, definition.type);
    this.#searchless = all.every(({ live }) => !live);
    this.#info = info;
    await this.#compare();
    for (const lane of lanes) await startGroupAtEnd(kafka, lane, info);
  }

  /** An index that lost what was written to it counts as not filled. Said in the index first: then it is not forgotten. */
  async #compare(): Promise<void> {
    const { elastic, redis, log } = this.#options;
    const { info } = this;
    const record = new IndexRecord(redis, info.index);
    const now = await indexState(elastic, info.index);
    if (now === null) return;
    if (isOlder(now, await record.read()) && info.filledAt !== null) {
      log.warn({ event: 'search_index_lost_writes', index: info.index, highest: now.highest });
      await remember(elastic, info, { filledAt: null });
      await forgetFill(redis, info);
      this.#info = { ...info, filledAt: null };
    }
    await record.write(now);
  }
}
