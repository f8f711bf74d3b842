import type { DocumentPlan } from '#consumers/rows/relations.ts';
import type { RowStore } from '#consumers/rows/rowStore.ts';
import type { Clock } from '#infra/runtime/clock.ts';
import { buildItems, type WholeRows } from './documentItems.ts';
import type { Elastic } from './elastic.ts';

export interface IndexCheckOptions {
  readonly elastic: Elastic;
  readonly store: RowStore;
  readonly plan: DocumentPlan;
  readonly index: string;
  readonly whole?: WholeRows;
  readonly clock: Clock;
  readonly onProgress?: (checked: number) => void;
}

export interface IndexCheck {
  /** Root rows looked at. */
  readonly rows: number;
  /** Documents that searches see. */
  readonly visible: number;
  /** Documents that cannot be built: they are with the dead letters. */
  readonly unbuildable: number;
  /** How many documents are not what the rows give; the ids of the first hundred. */
  readonly differences: number;
  readonly differing: readonly string[];
}

const PAGE = 500;
const SHOWN = 100;
/** A document that differs may be on its way: it is looked at again this often before it counts. */
const LOOKS = 20;
const LOOK_PAUSE_MS = 250;

interface Expected {
  readonly id: string;
  /** JSON of the document; null: searches must not see it. */
  readonly text: string | null;
}

/** A document that is not what the rows give. */
export interface DifferentDocument {
  /** Key of its root row. */
  readonly key: string;
  readonly id: string;
  /** JSON of what the rows give and of what the index holds; null: searches must not, or do not, see it. */
  readonly expected: string | null;
  readonly found: string | null;
}

export interface ComparedPage {
  readonly different: readonly DifferentDocument[];
  /** Ids of the documents that searches should see. */
  readonly expected: readonly string[];
  readonly visible: number;
  readonly unbuildable: number;
}

/**
 * Compares an index with what the row store gives now, document by document. Live changes may go on.
 * @throws COPY_REBUILDING with `whole`, when the store lost rows before or meanwhile: what it lacks was not compared
 */
export async function checkIndex(options: IndexCheckOptions, signal: AbortSignal): Promise<IndexCheck> {
  const { whole = (work) => work() } = options;
  return whole(() => checkRows(options, signal));
}

async function checkRows(options: IndexCheckOptions, signal: AbortSignal): Promise<IndexCheck> {
  const { store, plan, clock } = options;
  let rows = 0;
  let visible = 0;
  let unbuildable = 0;
  const differing: string[] = [];
  let differences = 0;
  const checkPage = async (keys: readonly string[]): Promise<void> => {
    let open = keys;
    for (let look = 0; open.length > 0; look++) {
      signal.throwIfAborted();
      if (look > 0) await clock.sleep(LOOK_PAUSE_MS, signal);
      const page = await comparePage(options, open);
      const settled = look === LOOKS ? page.different : [];
      differences += settled.length;
      differing.push(...settled.slice(0, SHOWN - differing.length).map(({ id }) => id));
      visible += page.visible;
      unbuildable += page.unbuildable;
      open = look === LOOKS ? [] : page.different.map(({ key }) => key);
    }
    rows += keys.length;
    options.onProgress?.(rows);
  };
  await store.scan(plan.definition.root, async (keys) => {
    for (let start = 0; start < keys.length; start += PAGE) await checkPage(keys.slice(start, start + PAGE));
  });
  return { rows, visible, unbuildable, differences, differing };
}

/** Compares the documents of some root rows with what the row store gives now. At most a few hundred. */
export async function comparePage(
  { elastic, store, plan, index, whole }: Omit<IndexCheckOptions, 'clock'>,
  keys: readonly string[],
): Promise<ComparedPage> {
  const versions = { next: async () => 0 };
  const documents = keys.map((rootKey) => ({ rootKey, sourceTsMs: null }));
  const { items, failed } = await buildItems({ store, plan, versions, ...(whole && { whole }) }, documents);
  const built = items.map(({ tag, id, source }) => ({ key: tag.rootKey, id, text: visibleText(source) }));
  const stored = await storedTexts(elastic, index, built);
  const compared = built.map(({ key, id, text }) => ({ key, id, expected: text, found: stored.get(id) ?? null }));
  const shown = compared.filter(({ expected }) => expected !== null);
  return {
    different: compared.filter(({ expected, found }) => expected !== found),
    expected: shown.map(({ id }) => id),
    visible: shown.filter(({ expected, found }) => expected === found).length,
    unbuildable: failed.length,
  };
}

async function storedTexts(
  elastic: Elastic,
  index: string,
  expected: readonly Expected[],
): Promise<ReadonlyMap<string, string | null>> {
  if (expected.length === 0) return new Map();
  const { docs } = await elastic.request<{ docs: { _id: string; found?: boolean; _source?: object }[] }>(
    'POST',
    `/${index}/_mget`,
    { ids: expected.map(({ id }) => id) },
  );
  return new Map(docs.map(({ _id, found, _source }) => [_id, found ? visibleText(JSON.stringify(_source)) : null]));
}

/** The document without our own fields, in one spelling; null when it is hidden. */
function visibleText(source: string): string | null {
  const { deleted, sluice: _, ...document } = JSON.parse(source) as Record<string, unknown>;
  return deleted === true ? null : JSON.stringify(document);
}
