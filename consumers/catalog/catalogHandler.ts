import { laterOf, type Mark } from '#consumers/rows/marks.ts';
import type { Decoded, HandlerControl, RecordBatch } from '#consumers/runner/runner.ts';
import { bulkWrite } from './bulk.ts';
import { type BuildParts, buildItems, type WantedDocument } from './documentItems.ts';
import type { Elastic } from './elastic.ts';

export interface CatalogWriter extends BuildParts {
  readonly elastic: Elastic;
  /** Alias the documents are written under. */
  readonly writeAlias: () => string;
  /** Told what was written: the commit times behind it. */
  readonly onWritten: (sourceTsMs: readonly (number | null)[], written: number, superseded: number) => void;
}

interface MarkedDocument extends WantedDocument {
  /** The record to put aside when the document cannot be built. */
  readonly record: Decoded<Mark>;
}

/** Builds the marked documents and writes them. */
export async function writeDocuments(
  writer: CatalogWriter,
  batch: RecordBatch<Mark>,
  control: HandlerControl,
): Promise<void> {
  const built = await buildItems(writer, coalesce(batch.records));
  const outcome = await bulkWrite(built.items, {
    elastic: writer.elastic,
    alias: writer.writeAlias(),
    signal: control.signal,
  });
  for (const { tag, error } of [...built.failed, ...outcome.refused]) control.reject(tag.record.message, error);
  const refused = new Set(outcome.refused.map(({ tag }) => tag));
  const times = built.items.filter(({ tag }) => !refused.has(tag)).map(({ tag }) => tag.sourceTsMs);
  writer.onWritten(times, outcome.written, outcome.superseded);
}

/** One build per document, however many marks it has in the batch. */
function coalesce(records: readonly Decoded<Mark>[]): MarkedDocument[] {
  const documents = new Map<string, MarkedDocument>();
  for (const record of records) {
    const { rootKey, sourceTsMs } = record.value;
    const earlier = documents.get(rootKey)?.sourceTsMs ?? null;
    documents.set(rootKey, { rootKey, sourceTsMs: laterOf(earlier, sourceTsMs), record });
  }
  return [...documents.values()];
}
