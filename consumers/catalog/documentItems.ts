import { assemble } from '#consumers/rows/assemble.ts';
import type { DocumentPlan } from '#consumers/rows/relations.ts';
import { documentId, projectDocument, type ResolvedRows } from '#consumers/rows/resolve.ts';
import type { RowStore } from '#consumers/rows/rowStore.ts';
import { decodeRow } from '#consumers/rows/rowText.ts';
import { poison } from '#consumers/runner/deadLetters.ts';
import type { SluiceError } from '#infra/runtime/errors.ts';
import { documentText } from './build.ts';
import type { BulkItem } from './bulk.ts';
import type { VersionSource } from './versions.ts';

/** A document to be built. */
export interface WantedDocument {
  readonly rootKey: string;
  /** Commit time of the newest change behind it, ms since 1970; null for none. */
  readonly sourceTsMs: number | null;
}

export interface BuiltItems<T> {
  readonly items: readonly BulkItem<T>[];
  /** Documents whose rows the user's functions do not take. */
  readonly failed: readonly { readonly tag: T; readonly error: SluiceError }[];
}

/**
 * Builds documents from the row store. The version is taken before the first row is read: see SPEC.md for why that, and a mark after every row
 * write, is all it takes for the newest state to win.
 */
export async function buildItems<T extends WantedDocument>(
  store: RowStore,
  plan: DocumentPlan,
  versions: Pick<VersionSource, 'next'>,
  documents: readonly T[],
): Promise<BuiltItems<T>> {
  const version = await versions.next();
  const rows = await assemble(
    store,
    plan,
    documents.map(({ rootKey }) => rootKey),
  );
  const items: BulkItem<T>[] = [];
  const failed: { tag: T; error: SluiceError }[] = [];
  for (const tag of documents) {
    try {
      items.push(toItem(plan, tag, rows.get(tag.rootKey), version));
    } catch (error) {
      const what = `document ${plan.definition.type} cannot be written as JSON`;
      failed.push({ tag, error: poison(error, 'PROJECTION_FAILED', what) });
    }
  }
  return { items, failed };
}

function toItem<T extends WantedDocument>(
  plan: DocumentPlan,
  tag: T,
  resolved: ResolvedRows | undefined,
  version: number,
): BulkItem<T> {
  const id = documentId(plan.definition, decodeRow(tag.rootKey));
  const document = resolved === undefined ? null : projectDocument(plan, resolved);
  const sluice = { id, version, sourceTsMs: tag.sourceTsMs };
  const own = `"deleted":${document === null},"sluice":${JSON.stringify(sluice)}}`;
  const text = document === null ? '{}' : documentText(document);
  return { tag, id, version, source: text === '{}' ? `{${own}` : `${text.slice(0, -1)},${own}` };
}
