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

/** What documents are built with. */
export interface BuildParts {
  readonly store: RowStore;
  readonly plan: DocumentPlan;
  readonly versions: Pick<VersionSource, 'next'>;
  /** Sees to it that rows are not read while the store lacks some that it had. */
  readonly whole?: WholeRows;
}

/** Runs the work; rejects with COPY_REBUILDING (retriable) when rows were lost before or meanwhile. */
export type WholeRows = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * Builds documents from the row store. The version is taken before the first row is read: see SPEC.md for why that, and a mark after every row
 * write, is all it takes for the newest state to win.
 */
export async function buildItems<T extends WantedDocument>(
  { store, plan, versions, whole = (work) => work() }: BuildParts,
  documents: readonly T[],
): Promise<BuiltItems<T>> {
  const rootKeys = documents.map(({ rootKey }) => rootKey);
  const [version, rows] = await whole(async () => {
    const taken = await versions.next();
    return [taken, await assemble(store, plan, rootKeys)] as const;
  });
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
  const sluice = { id, key: tag.rootKey, version, sourceTsMs: tag.sourceTsMs };
  const own = `"deleted":${document === null},"sluice":${JSON.stringify(sluice)}}`;
  const text = document === null ? '{}' : documentText(document);
  return { tag, id, version, source: text === '{}' ? `{${own}` : `${text.slice(0, -1)},${own}` };
}
