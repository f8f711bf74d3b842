/**
 * How far a capture has come, told to whoever keeps copies: record of the topic `<prefix>.__sluice.progress`, key = the capture's name,
 * value = JSON of this shape.
 */
export interface ProgressRecord {
  readonly format: 1;
  readonly capture: string;
  /** An end position: every change at or before it, of every table listed, stands in its topic and is committed. */
  readonly position: string;
  /** Every change committed at the source before this moment is at or before `position`, ms since 1970 UTC; null when that is not known. */
  readonly sourceTimeMs: number | null;
  /** When this was written, ms since 1970 UTC. */
  readonly atMs: number;
  /** Topics the promise holds for. One of a table that stands behind, is stopped or is still being read for the first time is missing. */
  readonly topics: readonly string[];
}

/** Topic of the progress of all captures with this prefix. */
export function progressTopic(prefix: string): string {
  return `${prefix}.__sluice.progress`;
}

/** One partition, so that its order is the order of writing; only the newest record of a capture matters. */
export function progressTopicSpec(prefix: string, replicationFactor: number) {
  return {
    topic: progressTopic(prefix),
    partitions: 1,
    replicationFactor,
    config: { 'cleanup.policy': 'compact', 'segment.bytes': '8388608', 'min.cleanable.dirty.ratio': '0.1' },
  };
}

export function encodeProgress(record: ProgressRecord): { readonly key: Buffer; readonly value: Buffer } {
  return { key: Buffer.from(record.capture), value: Buffer.from(JSON.stringify(record)) };
}

/** null for bytes that are no such record: a newer form, or another program's. */
export function decodeProgress(value: Buffer | null): ProgressRecord | null {
  if (value === null) return null;
  try {
    const record = JSON.parse(value.toString('utf8')) as Partial<ProgressRecord>;
    const { format, capture, position, sourceTimeMs, atMs, topics } = record;
    const isTime = sourceTimeMs === null || typeof sourceTimeMs === 'number';
    const isWhole = typeof capture === 'string' && typeof position === 'string' && typeof atMs === 'number' && isTime;
    return format === 1 && isWhole && Array.isArray(topics) ? (record as ProgressRecord) : null;
  } catch {
    return null;
  }
}
