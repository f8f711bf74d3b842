import { type AssembledDocument, assemble, type RowOrigin } from '#consumers/rows/assemble.ts';
import type { DocumentPlan } from '#consumers/rows/relations.ts';
import { documentId, projectDocument } from '#consumers/rows/resolve.ts';
import type { RowStore } from '#consumers/rows/rowStore.ts';
import { decodeRowKey } from '#consumers/rows/rowText.ts';
import { poison } from '#consumers/runner/deadLetters.ts';
import type { SluiceError } from '#infra/runtime/errors.ts';
import type { BulkItem } from './bulkRequest.ts';
import { documentText } from './documentText.ts';
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
  /** The rows a document was built from; none when its root row is not there. */
  originsOf(tag: T): readonly RowOrigin[];
}

/** Texts of documents in memory at once, characters. Documents that are left over are built by themselves. */
const MOST_TEXT = 16 << 20;

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

/** Builds documents in one piece, or in several when their texts are more than shall be in memory. */
export async function* buildInPieces<T extends WantedDocument>(
  parts: BuildParts,
  documents: readonly T[],
): AsyncGenerator<BuiltItems<T>> {
  for (let left = documents; left.length > 0; ) {
    const built = await buildItems(parts, left, MOST_TEXT);
    yield built;
    left = left.slice(built.items.length + built.failed.length);
  }
}

/**
 * Builds documents from the row store, the first ones up to `mostText` characters. The version is taken before the first row is read: see
 * SPEC.md for why that, and a mark after every row write, is all it takes for the newest state to win.
 */
export async function buildItems<T extends WantedDocument>(
  { store, plan, versions, whole = (work) => work() }: BuildParts,
  documents: readonly T[],
  mostText = Number.POSITIVE_INFINITY,
): Promise<BuiltItems<T>> {
  const rootKeys = documents.map(({ rootKey }) => rootKey);
  const [version, rows] = await whole(async () => {
    const taken = await versions.next();
    return [taken, await assemble(store, plan, rootKeys)] as const;
  });
  const items: BulkItem<T>[] = [];
  const failed: { tag: T; error: SluiceError }[] = [];
  let length = 0;
  for (const tag of documents) {
    try {
      const item = toItem(plan, tag, rows.get(tag.rootKey), version);
      items.push(item);
      length += item.source.length;
    } catch (error) {
      const what = `document ${plan.definition.type} cannot be written as JSON`;
      failed.push({ tag, error: poison(error, 'PROJECTION_FAILED', what) });
    }
    if (length > mostText) break;
  }
  return { items, failed, originsOf: ({ rootKey }) => rows.get(rootKey)?.origins() ?? [] };
}

function toItem<T extends WantedDocument>(
  plan: DocumentPlan,
  tag: T,
  assembled: AssembledDocument | undefined,
  version: number,
): BulkItem<T> {
  if (assembled?.tooWide) throw assembled.tooWide;
  const id = documentId(plan.definition, decodeRowKey(tag.rootKey));
  const document = assembled === undefined ? null : projectDocument(plan, assembled.rows);
  const sluice = { id, key: tag.rootKey, version, sourceTsMs: tag.sourceTsMs };
  const own = `"deleted":${document === null},"sluice":${JSON.stringify(sluice)}}`;
  const text = document === null ? '{}' : documentText(document);
  return { tag, id, version, source: text === '{}' ? `{${own}` : `${text.slice(0, -1)},${own}` };
}
