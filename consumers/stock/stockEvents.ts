import { createHash } from 'node:crypto';
import { KeyedSender } from '#consumers/runner/sender.ts';
import type { KafkaClient, TopicSpec } from '#infra/kafka/types.ts';
import type { LevelWrite } from './levelWrites.ts';

/** Something that happened to an article. One event has one `id`, however often it comes. */
export interface StockEvent {
  readonly id: string;
  readonly type: 'stock.low' | 'stock.back_in_stock';
  readonly sku: string;
  /** Missing when all locations are counted together. */
  readonly location?: string;
  /** Available pieces after the change. */
  readonly available: number;
  /** Pieces the line was drawn at: at or below it is low, at or above it is back. */
  readonly threshold: number;
  /** Position text of the change that made it happen. */
  readonly position: string;
  /** ISO 8601 commit time of that change. */
  readonly at: string;
}

/** Topic of the stock events; key = sku, value = the event as JSON. */
export function stockEventsTopic(groupPrefix: string): string {
  return `${groupPrefix}.stock-events`;
}

/** Events are news and no state, so the topic keeps them for a while instead of the newest of each key. */
export function stockEventsTopicSpec(
  groupPrefix: string,
  kafka: { readonly partitions: number; readonly replicationFactor: number },
): TopicSpec {
  return { topic: stockEventsTopic(groupPrefix), ...kafka, config: { 'cleanup.policy': 'delete' } };
}

/** What the script told of a change behind its status: `<kind>|<available>|<threshold>`. */
export function eventOf(write: LevelWrite, scope: 'sku' | 'location', told: string): StockEvent {
  const [kind, available, threshold] = told.split('|') as [string, string, string];
  const { sku, location, position, sourceTsMs } = write;
  const type = kind === 'back' ? 'stock.back_in_stock' : 'stock.low';
  const place = scope === 'location' ? location : '';
  const id = createHash('sha256')
    .update(JSON.stringify([type, sku, place, position]))
    .digest('base64url')
    .slice(0, 22);
  return {
    id,
    type,
    sku,
    ...(scope === 'location' ? { location } : {}),
    available: Number(available),
    threshold: Number(threshold),
    position,
    at: new Date(sourceTsMs ?? 0).toISOString(),
  };
}

/** Writes events to their topic. */
export class StockEventSender {
  readonly #sender: KeyedSender;
  readonly #topic: string;

  constructor(kafka: KafkaClient, groupPrefix: string) {
    this.#sender = new KeyedSender(kafka);
    this.#topic = stockEventsTopic(groupPrefix);
  }

  /** Resolves when all are stored. */
  async send(events: readonly StockEvent[], signal?: AbortSignal): Promise<void> {
    const messages = events.map((event) => ({
      key: Buffer.from(event.sku),
      value: Buffer.from(JSON.stringify(event)),
    }));
    await this.#sender.send(this.#topic, messages, signal);
  }

  async close(): Promise<void> {
    await this.#sender.close();
  }
}
