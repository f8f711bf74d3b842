import { KeyedSender } from '#consumers/runner/sender.ts';
import type { KafkaClient, TopicSpec } from '#infra/kafka/types.ts';

/**
 * A mark says: the document of this root row may have changed, build it again. `dirty` topics are keyed by the root's row key, so all
 * marks of a document have one partition, and compacted: an old mark may go when a newer one is there.
 */
export interface Mark {
  readonly rootKey: string;
  /** Newest commit time among the changes behind the mark, ms since 1970 UTC; null when they are all snapshot rows. */
  readonly sourceTsMs: number | null;
}

export function dirtyTopic(groupPrefix: string, documentType: string): string {
  return `${groupPrefix}.dirty.${documentType}`;
}

export function dirtyTopicSpec(
  groupPrefix: string,
  documentType: string,
  kafka: { readonly partitions: number; readonly replicationFactor: number },
): TopicSpec {
  return {
    topic: dirtyTopic(groupPrefix, documentType),
    partitions: kafka.partitions,
    replicationFactor: kafka.replicationFactor,
    config: { 'cleanup.policy': 'compact' },
  };
}

function encodeMark(mark: Mark): { key: Buffer; value: Buffer } {
  return { key: Buffer.from(mark.rootKey), value: Buffer.from(JSON.stringify({ sourceTsMs: mark.sourceTsMs })) };
}

/** @throws when the bytes are no mark */
export function decodeMark(key: Buffer | null, value: Buffer | null): Mark {
  if (key === null || value === null) throw new Error('a mark needs key and value');
  const { sourceTsMs } = JSON.parse(value.toString('utf8')) as { sourceTsMs: number | null };
  return { rootKey: key.toString('utf8'), sourceTsMs };
}

/** The later of two commit times where null is no time at all. */
export function laterOf(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.max(a, b);
}

/** Most marks held before they are sent. */
const FLUSH_AT = 5000;

/** Collects marks of one batch, one per document, and sends them; memory is bounded by sending early. */
export class MarkBatch {
  readonly #send: (documentType: string, marks: readonly Mark[]) => Promise<void>;
  readonly #marks = new Map<string, Map<string, number | null>>();
  #size = 0;

  constructor(send: (documentType: string, marks: readonly Mark[]) => Promise<void>) {
    this.#send = send;
  }

  async add(documentType: string, rootKey: string, sourceTsMs: number | null): Promise<void> {
    const marks = this.#marks.get(documentType) ?? new Map<string, number | null>();
    this.#marks.set(documentType, marks);
    const before = marks.get(rootKey);
    if (before === undefined) this.#size += 1;
    marks.set(rootKey, before === undefined ? sourceTsMs : laterOf(before, sourceTsMs));
    if (this.#size >= FLUSH_AT) await this.flush();
  }

  /** Resolves when every mark added so far is stored. */
  async flush(): Promise<void> {
    const sends = [...this.#marks].map(([documentType, marks]) =>
      this.#send(
        documentType,
        [...marks].map(([rootKey, sourceTsMs]) => ({ rootKey, sourceTsMs })),
      ),
    );
    this.#marks.clear();
    this.#size = 0;
    await Promise.all(sends);
  }
}

/** Sends marks to the dirty topics. */
export class MarkSender {
  readonly #sender: KeyedSender;
  readonly #groupPrefix: string;

  constructor(kafka: KafkaClient, groupPrefix: string) {
    this.#sender = new KeyedSender(kafka);
    this.#groupPrefix = groupPrefix;
  }

  batch(signal?: AbortSignal): MarkBatch {
    return new MarkBatch((documentType, marks) =>
      this.#sender.send(dirtyTopic(this.#groupPrefix, documentType), marks.map(encodeMark), signal),
    );
  }

  async close(): Promise<void> {
    await this.#sender.close();
  }
}
