import { isDeepStrictEqual } from 'node:util';
import type { Elastic } from '#consumers/catalog/elastic.ts';
import { comparePage, type DifferentDocument } from '#consumers/catalog/indexCheck.ts';
import { scanIds } from '#consumers/catalog/scanIds.ts';
import type { DocumentPlan } from '#consumers/rows/relations.ts';
import { documentId } from '#consumers/rows/resolve.ts';
import type { RowStore } from '#consumers/rows/rowStore.ts';
import { decodeRowKey } from '#consumers/rows/rowText.ts';
import { IdFilter } from './idFilter.ts';
import type { Pace } from './pace.ts';
import type { Passage } from './passage.ts';
import { type Difference, differingFields, type Findings } from './report.ts';
import { scanKeys } from './scanKeys.ts';

export interface DocumentCheckOptions {
  readonly elastic: Elastic;
  readonly store: RowStore;
  readonly plan: DocumentPlan;
  /** The index searches use. */
  readonly index: string;
  readonly passage: Passage;
  readonly findings: Findings;
  readonly pace: Pace;
  readonly signal: AbortSignal;
  readonly filterBytes: number;
  readonly sample: number;
  readonly random: () => number;
}

const PAGE = 500;
const MAX_OPEN = 2000;
/** Documents of unknown root rows that are held at once. */
const MAX_CANDIDATES = 100_000;
const MAX_ROUNDS = 10;
const NEEDED_LOOKS = 2;

/**
 * Compares the documents searches see with what the row store gives, then looks for documents without a root row. The source is not asked: the
 * rows are compared with it before. A document that differs is looked at until it equals, or until everything that was in the row store at
 * the first look has been through the catalogue consumer and it still differs from the same rows, twice.
 */
export async function checkDocuments(options: DocumentCheckOptions): Promise<void> {
  const { store, plan, findings, pace, signal, sample, random, filterBytes } = options;
  const { type, root } = plan.definition;
  const total = await store.count(root);
  const filter = new IdFilter(Math.max(1000, total * 1.2), filterBytes);
  pace.begin(type, Math.ceil(total * sample));
  let open: DifferentDocument[] = [];
  await scanKeys(store, root, PAGE, async (page) => {
    if (sample < 1 && random() >= sample) return;
    const compared = await comparePage(options, page);
    for (const id of compared.expected) filter.add(id);
    findings.count(type, compared.expected.length);
    findings.refuse(type, compared.unbuildable);
    open.push(...compared.different);
    await pace.done(page.length, signal, false);
    if (open.length < MAX_OPEN) return;
    const batch = open;
    open = [];
    await settleDocuments(batch, options);
  });
  await settleDocuments(open, options);
  if (sample === 1) await findExtras(filter, options);
}

/** Compares the documents of some root rows only. */
export async function checkRootKeys(rootKeys: readonly string[], options: DocumentCheckOptions): Promise<void> {
  const compared = await comparePage(options, rootKeys);
  options.findings.count(options.plan.definition.type, rootKeys.length);
  options.findings.refuse(options.plan.definition.type, compared.unbuildable);
  await settleDocuments(compared.different, options);
}

async function settleDocuments(open: readonly DifferentDocument[], options: DocumentCheckOptions): Promise<void> {
  const { findings, plan } = options;
  const { type } = plan.definition;
  for (let start = 0; start < open.length; start += PAGE) {
    let suspects = open.slice(start, start + PAGE).map((document) => ({ document, wrong: 0 }));
    for (let round = 0; suspects.length > 0 && round < MAX_ROUNDS; round++) {
      let now: readonly DifferentDocument[] = [];
      const keys = suspects.map(({ document }) => document.key);
      const passed = await options.passage.untilPromisedAnew(`catalog.${type}`, async () => {
        now = reallyDifferent((await comparePage(options, keys)).different);
        return now.length === 0;
      });
      const before = new Map(suspects.map((suspect) => [suspect.document.key, suspect]));
      suspects = [];
      for (const document of now) {
        const { document: first, wrong } = before.get(document.key)!;
        const looks = first.expected === document.expected ? wrong + 1 : 0;
        if (!passed) findings.undecide({ what: type, id: document.id, why: 'lag' });
        else if (looks < NEEDED_LOOKS) suspects.push({ document, wrong: looks });
        else findings.different(toDifference(type, document));
      }
    }
    for (const { document } of suspects) findings.undecide({ what: type, id: document.id, why: 'moving' });
  }
}

/** The same fields in another order are the same document. */
function reallyDifferent(documents: readonly DifferentDocument[]): DifferentDocument[] {
  return documents.filter(({ expected, found }) => !isDeepStrictEqual(parsed(expected), parsed(found)));
}

const parsed = (text: string | null): unknown => (text === null ? null : JSON.parse(text));

function toDifference(type: string, { id, key, expected, found }: DifferentDocument): Difference {
  const common = { what: type, id, key: null, rootKey: key };
  if (expected === null) return { ...common, kind: 'extra', fields: [] };
  if (found === null) return { ...common, kind: 'missing', fields: [] };
  return { ...common, kind: 'different', fields: differingFields(parsed(expected), parsed(found)) };
}

/** Goes through the index for documents that no row gave. Their root key stands in them; where it does not, the rows are gone through for it. */
async function findExtras(filter: IdFilter, options: DocumentCheckOptions): Promise<void> {
  const { elastic, index, findings, plan, store, signal } = options;
  const { type, root } = plan.definition;
  let keys: string[] = [];
  const unknown = new Set<string>();
  const settleKeys = async (): Promise<void> => {
    const batch = keys;
    keys = [];
    for (let start = 0; start < batch.length; start += PAGE) {
      const { different } = await comparePage(options, batch.slice(start, start + PAGE));
      await settleDocuments(different, options);
    }
  };
  for await (const page of scanIds(elastic, index)) {
    signal.throwIfAborted();
    for (const { id, rootKey } of page) {
      if (filter.has(id)) continue;
      if (rootKey !== null && idOf(plan, rootKey) === id) keys.push(rootKey);
      else if (unknown.size < MAX_CANDIDATES) unknown.add(id);
    }
    if (keys.length >= MAX_OPEN) await settleKeys();
  }
  await settleKeys();
  if (unknown.size === 0) return;
  // Each id's root row, if one gives it, tells of it; what is left belongs to none.
  const found: string[] = [];
  await store.scan(root, (page) => {
    for (const key of page) {
      const id = idOf(plan, key);
      if (id !== null && unknown.delete(id)) found.push(key);
    }
  });
  keys = found;
  await settleKeys();
  for (const id of unknown) findings.different({ what: type, id, kind: 'extra', fields: [], key: null });
}

function idOf(plan: DocumentPlan, rootKey: string): string | null {
  try {
    return documentId(plan.definition, decodeRowKey(rootKey));
  } catch {
    // Not a key of ours, or one the user's function refuses.
    return null;
  }
}
