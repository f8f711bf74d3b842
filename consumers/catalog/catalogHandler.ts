import { assemble } from '#consumers/rows/assemble.ts';
import { laterOf, type Mark } from '#consumers/rows/marks.ts';
import type { DocumentPlan } from '#consumers/rows/relations.ts';
import { documentId, projectDocument, type ResolvedRows } from '#consumers/rows/resolve.ts';
import type { RowStore } from '#consumers/rows/rowStore.ts';
import { decodeRow } from '#consumers/rows/rowText.ts';
import { poison } from '#consumers/runner/deadLetters.ts';
import type { Decoded, HandlerControl, RecordBatch } from '#consumers/runner/runner.ts';
import { documentText } from './build.ts';
import { type BulkItem, bulkWrite } from './bulk.ts';
import type { Elastic } from './elastic.ts';
import type { VersionSource } from './versions.ts';

export interface CatalogWriter {
  readonly store: RowStore;
  readonly plan: DocumentPlan;
  readonly versions: VersionSource;
  readonly elastic: Elastic;
  /** Alias the documents are written under. */
  readonly writeAlias: () => string;
  /** Told what was written: the commit times behind it. */
  readonly onWritten: (sourceTsMs: readonly (number | null)[], written: number, superseded: number) => void;
}

interface MarkedDocument {
  readonly rootKey: string;
  readonly sourceTsMs: number | null;
  /** The record to put aside when the document cannot be built. */
  readonly record: Decoded<Mark>;
}

/**
 * Builds the marked documents and writes them. The version is taken before the first row is read: see SPEC.md for why that, and a mark
 * after every row write, is all it takes for the newest state to win.
 */
export async function writeDocuments(
  writer: CatalogWriter,
  batch: RecordBatch<Mark>,
  control: HandlerControl,
): Promise<void> {
  const documents = coalesce(batch.records);
  const version = await writer.versions.next();
  const rows = await assemble(
    writer.store,
    writer.plan,
    documents.map(({ rootKey }) => rootKey),
  );
  const items: BulkItem<MarkedDocument>[] = [];
  for (const document of documents) {
    try {
      items.push(toItem(writer.plan, document, rows.get(document.rootKey), version));
    } catch (error) {
      const what = `document ${writer.plan.definition.type} cannot be written as JSON`;
      control.reject(document.record.message, poison(error, 'PROJECTION_FAILED', what));
    }
  }
  const outcome = await bulkWrite(items, {
    elastic: writer.elastic,
    alias: writer.writeAlias(),
    signal: control.signal,
  });
  for (const { tag, error } of outcome.refused) control.reject(tag.record.message, error);
  const refused = new Set(outcome.refused.map(({ tag }) => tag));
  const times = items.filter(({ tag }) => !refused.has(tag)).map(({ tag }) => tag.sourceTsMs);
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

function toItem(
  plan: DocumentPlan,
  tag: MarkedDocument,
  resolved: ResolvedRows | undefined,
  version: number,
): BulkItem<MarkedDocument> {
  const id = documentId(plan.definition, decodeRow(tag.rootKey));
  const document = resolved === undefined ? null : projectDocument(plan, resolved);
  const sluice = { id, version, sourceTsMs: tag.sourceTsMs };
  const own = `"deleted":${document === null},"sluice":${JSON.stringify(sluice)}}`;
  const text = document === null ? '{}' : documentText(document);
  return { tag, id, version, source: text === '{}' ? `{${own}` : `${text.slice(0, -1)},${own}` };
}
