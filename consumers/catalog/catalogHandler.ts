import { laterOf, type Mark } from '#consumers/rows/marks.ts';
import type { Coverage } from '#consumers/runner/coverage.ts';
import type { Decoded, HandlerControl, RecordBatch } from '#consumers/runner/runner.ts';
import type { StageTimes } from '#consumers/runner/stageTimes.ts';
import type { BulkWriter } from './bulk.ts';
import { type BuildParts, type BuiltItems, buildInPieces, type WantedDocument } from './documentItems.ts';

export interface CatalogWriter extends BuildParts {
  readonly bulk: BulkWriter;
  /** What the marks in hand need not ask for any more. */
  readonly coverage: Coverage;
  /** Documents built at once. */
  readonly pieceDocuments: number;
  /** Waits until the next piece may be built. */
  readonly turn?: (signal: AbortSignal) => Promise<void>;
  /** Told when marks are taken up. */
  readonly stages?: StageTimes;
  /** Told what was written: the commit times behind it. */
  readonly onWritten: (sourceTsMs: readonly (number | null)[], written: number, superseded: number) => void;
}

interface MarkedDocument extends WantedDocument {
  /** The record to put aside when the document cannot be built. */
  readonly record: Decoded<Mark>;
}

/**
 * Builds the marked documents and writes them, one piece being built while the one before is written. One build per document, however many marks
 * it has in the batch; none for a mark that was there when an earlier build of the document took its version.
 */
export async function writeDocuments(
  writer: CatalogWriter,
  batch: RecordBatch<Mark>,
  control: HandlerControl,
): Promise<void> {
  const documents = wanted(writer, batch);
  const nowMs = Date.now();
  for (const { sourceTsMs } of documents) writer.stages?.record('taken', sourceTsMs, nowMs);
  const built = new Set(documents.map(({ rootKey }) => rootKey));
  let writing: Promise<void> = Promise.resolve();
  try {
    for (let start = 0; start < documents.length; start += writer.pieceDocuments) {
      await writer.turn?.(control.signal);
      for await (const piece of buildInPieces(writer, documents.slice(start, start + writer.pieceDocuments))) {
        await writing;
        writing = write(writer, piece, control, built);
        // Looked at again before the next piece and at the end.
        writing.catch(() => undefined);
      }
    }
  } finally {
    await writing;
  }
  writer.coverage.cover(batch, [...built]);
}

/** Documents that are put aside are taken out of `built`. */
async function write(
  { bulk, onWritten }: CatalogWriter,
  { items, failed, originsOf }: BuiltItems<MarkedDocument>,
  control: HandlerControl,
  built: Set<string>,
): Promise<void> {
  const outcome = await bulk.write(items, control.signal);
  const refused = new Set(outcome.refused.map(({ tag }) => tag));
  for (const { tag, error } of [...failed, ...outcome.refused]) {
    control.reject(tag.record.message, error, originsOf(tag));
    built.delete(tag.rootKey);
  }
  const times = items.filter(({ tag }) => !refused.has(tag)).map(({ tag }) => tag.sourceTsMs);
  onWritten(times, outcome.written, outcome.superseded);
}

function wanted({ coverage }: CatalogWriter, batch: RecordBatch<Mark>): MarkedDocument[] {
  const times = new Map<string, number | null>();
  for (const { value } of batch.records)
    times.set(value.rootKey, laterOf(times.get(value.rootKey) ?? null, value.sourceTsMs));
  return coverage
    .open(batch, ({ value }) => value.rootKey)
    .map((record) => {
      const { rootKey } = record.value;
      return { rootKey, sourceTsMs: times.get(rootKey)!, record };
    });
}
