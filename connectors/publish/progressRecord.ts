import type { CaptureProgress } from '#connectors/capture/types.ts';
import type { ProgressRecord } from '#schemas/progressRecord.ts';
import { topicOf } from '#schemas/tableShape.ts';

/** Names that a table's id does not tell. */
export interface ProgressNames {
  readonly capture: string;
  readonly topicPrefix: string;
  /** How topics are named; see schemas/tableShape.ts. */
  readonly topicName: string;
}

/** What is told to readers: tables by their topics. Where several tables share a topic all of them must be complete. */
export function progressRecord(progress: CaptureProgress, names: ProgressNames, atMs: number): ProgressRecord {
  const { position, sourceTimeMs, complete, waiting, database } = progress;
  const topic = (id: string): string => {
    const dot = id.indexOf('.');
    return topicOf(names.topicPrefix, { database, schema: id.slice(0, dot), name: id.slice(dot + 1) }, names.topicName);
  };
  const incomplete = new Set(waiting.map(topic));
  const topics = [...new Set(complete.map(topic))].filter((name) => !incomplete.has(name)).sort();
  return { format: 1, capture: names.capture, position, sourceTimeMs, atMs, topics };
}
