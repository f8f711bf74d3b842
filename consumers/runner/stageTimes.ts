import type { IncomingMessage } from '#infra/kafka/types.ts';
import { LatencyWindow } from '#infra/runtime/latency.ts';
import { CAPTURED_HEADER } from '#schemas/envelope.ts';

/**
 * Where a change is on its way: read from the source by the capture, written to Kafka, read by a consumer, kept in the row store, its documents
 * marked (the marks are stored), a mark taken up, the document written; then it is searchable, or its level is in the stock copy.
 */
export type Stage = 'captured' | 'inKafka' | 'read' | 'kept' | 'marked' | 'taken' | 'written';

/** Samples kept of each stage. */
const SAMPLES = 10_000;

export type StageSummary = Partial<Record<Stage, ReturnType<LatencyWindow['summary']>>>;

/** Milliseconds from commit in the source to each stage, of the newest changes that passed it in this process. */
export class StageTimes {
  readonly #windows = new Map<Stage, LatencyWindow>();

  /** `sourceTsMs` null (snapshot rows, tombstones) is no sample. */
  record(stage: Stage, sourceTsMs: number | null, atMs: number): void {
    if (sourceTsMs === null) return;
    const window = this.#windows.get(stage) ?? new LatencyWindow(SAMPLES);
    this.#windows.set(stage, window);
    window.record(Math.max(0, atMs - sourceTsMs));
  }

  /** The first three stages of a change as a consumer reads its record: told by the record's header, its timestamp, and now. */
  recordRead({ headers, timestampMs }: IncomingMessage, sourceTsMs: number | null, nowMs: number): void {
    const captured = headers[CAPTURED_HEADER];
    if (captured !== undefined) this.record('captured', sourceTsMs, Number(captured.toString('latin1')));
    this.record('inKafka', sourceTsMs, timestampMs);
    this.record('read', sourceTsMs, nowMs);
  }

  summary(): StageSummary {
    return Object.fromEntries([...this.#windows].map(([stage, window]) => [stage, window.summary()]));
  }
}
