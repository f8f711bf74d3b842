import { KeyedSender } from '#consumers/runner/sender.ts';
import type { StageTimes } from '#consumers/runner/stageTimes.ts';
import type { KafkaClient, TopicSpec } from '#infra/kafka/types.ts';
import { encodeTask, fanOutTopic, TaskBatch } from './fanOutTasks.ts';

/**
 * A mark says: the document of this root row may have changed, build it again. `dirty` topics are keyed by the root's row key, so all
 * marks of a document have one partition of a lane, and compacted: an old mark may go when a newer one is there.
 */
export interface Mark {
  readonly rootKey: string;
  /** Newest commit time among the changes behind the mark, ms since 1970 UTC; null when they are all snapshot rows. */
  readonly sourceTsMs: number | null;
}

/**
 * The way of a mark. `wide`: what one change asks of very many documents at once, what a snapshot reads, what one transaction does to very many
 * rows. It has topics and groups of its own, so that the change of a single product never waits behind it.
 */
export type Lane = 'fast' | 'wide';
export const LANES: readonly Lane[] = ['fast', 'wide'];

export function dirtyTopic(groupPrefix: string, documentType: string, lane: Lane = 'fast'): string {
  return `${groupPrefix}.dirty.${documentType}${lane === 'wide' ? '.wide' : ''}`;
}

export function dirtyTopicSpec(
  groupPrefix: string,
  documentType: string,
  lane: Lane,
  kafka: { readonly partitions: number; readonly replicationFactor: number },
): TopicSpec {
  return {
    topic: dirtyTopic(groupPrefix, documentType, lane),
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

/** Stores marks of one document type in a lane. */
export type SendMarks = (documentType: string, marks: readonly Mark[], lane: Lane) => Promise<void>;

interface Waiting {
  readonly sourceTsMs: number | null;
  readonly lane: Lane;
}

/** Collects marks of one batch, one per document, and sends them; memory is bounded by sending early. */
export class MarkBatch {
  readonly #send: SendMarks;
  readonly #stages: StageTimes | undefined;
  readonly #marks = new Map<string, Map<string, Waiting>>();
  #size = 0;

  constructor(send: SendMarks, stages?: StageTimes) {
    this.#send = send;
    this.#stages = stages;
  }

  /** Of a document that is marked in both lanes the fast one counts. */
  async add(documentType: string, rootKey: string, sourceTsMs: number | null, lane: Lane = 'fast'): Promise<void> {
    const marks = this.#marks.get(documentType) ?? new Map<string, Waiting>();
    this.#marks.set(documentType, marks);
    this.#stages?.record('kept', sourceTsMs, Date.now());
    const before = marks.get(rootKey);
    if (before === undefined) {
      this.#size += 1;
      marks.set(rootKey, { sourceTsMs, lane });
    } else
      marks.set(rootKey, {
        sourceTsMs: laterOf(before.sourceTsMs, sourceTsMs),
        lane: before.lane === 'fast' ? 'fast' : lane,
      });
    if (this.#size >= FLUSH_AT) await this.flush();
  }

  /** Resolves when every mark added so far is stored. */
  async flush(): Promise<void> {
    const sends: Promise<void>[] = [];
    for (const [documentType, marks] of this.#marks) {
      const lists: Record<Lane, Mark[]> = { fast: [], wide: [] };
      for (const [rootKey, { sourceTsMs, lane }] of marks) lists[lane].push({ rootKey, sourceTsMs });
      for (const lane of LANES) if (lists[lane].length > 0) sends.push(this.#sendList(documentType, lists[lane], lane));
    }
    this.#marks.clear();
    this.#size = 0;
    await Promise.all(sends);
  }

  async #sendList(documentType: string, marks: readonly Mark[], lane: Lane): Promise<void> {
    await this.#send(documentType, marks, lane);
    const nowMs = Date.now();
    for (const { sourceTsMs } of marks) this.#stages?.record('marked', sourceTsMs, nowMs);
  }
}

/** Sends marks to the dirty topics, and wide changes to the fan-out. `stages` is told when rows were kept and their documents marked. */
export class MarkSender {
  readonly #stages: StageTimes | undefined;
  readonly #sender: KeyedSender;
  readonly #groupPrefix: string;

  constructor(kafka: KafkaClient, groupPrefix: string, stages?: StageTimes) {
    this.#stages = stages;
    this.#sender = new KeyedSender(kafka);
    this.#groupPrefix = groupPrefix;
  }

  batch(signal?: AbortSignal): MarkBatch {
    return new MarkBatch(
      (documentType, marks, lane) =>
        this.#sender.send(dirtyTopic(this.#groupPrefix, documentType, lane), marks.map(encodeMark), signal),
      this.#stages,
    );
  }

  tasks(signal?: AbortSignal): TaskBatch {
    return new TaskBatch((tasks) => this.#sender.send(fanOutTopic(this.#groupPrefix), tasks.map(encodeTask), signal));
  }

  async close(): Promise<void> {
    await this.#sender.close();
  }
}
