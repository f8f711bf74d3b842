import type { KeyText } from '#connectors/capture/chunk.ts';
import type { CapturedTable } from '#connectors/capture/types.ts';
import { hasCode } from '#infra/runtime/errors.ts';
import type { CopySide, Stored } from './copySide.ts';
import { IdFilter } from './idFilter.ts';
import type { Pace } from './pace.ts';
import { type Open, type SettleOptions, settle } from './settle.ts';
import type { SourceRow, SourceRows } from './sourceReader.ts';

export interface TableCheckOptions extends SettleOptions {
  readonly pace: Pace;
  readonly signal: AbortSignal;
  readonly chunkRows: number;
  /** Most bytes for the ids of a table. */
  readonly filterBytes: number;
  /** The share of the chunks that is compared, above 0 and up to 1. */
  readonly sample: number;
  readonly random: () => number;
}

/** Things that wait for their second look are held in memory. */
const MAX_OPEN = 2000;
/** Candidates for things without a source that are held while the source is gone through once more. */
const MAX_CANDIDATES = 100_000;

/** What is known of one side while a table is gone through. */
interface SideWork {
  readonly side: CopySide;
  readonly filter: IdFilter;
  open: Open[];
}

/**
 * Compares one table with every copy that is made from its rows alone. The source is gone through once, chunk by chunk; then each copy is,
 * for what has no source any more.
 */
export async function checkTable(
  table: CapturedTable,
  sides: readonly CopySide[],
  options: TableCheckOptions,
): Promise<void> {
  const { source, pace, findings, sample } = options;
  const estimated = await source.estimatedRows(table);
  pace.begin(table.id, estimated === null ? null : Math.ceil(estimated * sample));
  const works = sides.map(
    (side): SideWork => ({
      side,
      filter: new IdFilter(Math.max(1000, (estimated ?? 1_000_000) * 1.2), options.filterBytes),
      open: [],
    }),
  );
  for await (const chunk of chunks(table, sides, options)) {
    for (const work of works) await checkChunk(work, chunk, options);
  }
  for (const work of works) await settleOpen(work, options, 0);
  if (sample < 1) {
    findings.notes.push(`${table.id}: a sample of the rows; things without a source were not looked for`);
    return;
  }
  for (const { side, filter } of works) {
    if (filter.missChance > 1e-4)
      findings.notes.push(
        `${side.what}: one without a source is overlooked with a chance of ${filter.missChance.toPrecision(2)} a run (verify.filterMegabytes)`,
      );
    await findExtras(table, side, filter, options);
  }
}

/** Looks at some rows of a table only, whatever they are in the source. */
export async function checkKeys(
  table: CapturedTable,
  sides: readonly CopySide[],
  keys: readonly KeyText[],
  options: TableCheckOptions,
): Promise<void> {
  const { rows } = await options.source.byKeys(table, keys);
  for (const side of sides) {
    const open: Open[] = [];
    for (const [i, key] of keys.entries()) {
      const row = rows[i] ?? null;
      const id = row === null ? null : idOf(side, { key, row, digest: null }, options);
      // Of a row that is gone only a copy that is kept by key can tell.
      if (id !== null) open.push({ id, key, seen: null });
      else if (row === null && side.copy === 'rows')
        open.push({ id: side.idOf(await options.source.keyRow(table, key))!, key, seen: null });
    }
    options.findings.count(side.what, open.length);
    const stored = await side.read(open.map(({ id }) => id));
    await settle(
      side,
      open.map((one) => ({ ...one, seen: stored.get(one.id)?.position ?? null })),
      options,
    );
  }
}

async function* chunks(
  table: CapturedTable,
  sides: readonly CopySide[],
  { source, pace, signal, chunkRows, sample, random }: TableCheckOptions,
): AsyncGenerator<SourceRows> {
  const { instance } = table;
  const isMasked = instance.keyColumns.some(
    (name) => instance.columns.find((c) => c.name === name)?.mask !== undefined,
  );
  const digests = !isMasked && sides.every(({ copy }) => copy === 'rows');
  for (let after: KeyText | null = null; ; ) {
    if (sample < 1 && random() >= sample) {
      after = await source.keyAfter(table, after, chunkRows);
      if (after === null) return;
      continue;
    }
    const chunk = await source.chunk(table, after, chunkRows, digests);
    yield chunk;
    await pace.done(chunk.rows.length, signal, true);
    if (chunk.last) return;
    after = chunk.rows.at(-1)!.key;
  }
}

async function checkChunk(work: SideWork, chunk: SourceRows, options: TableCheckOptions): Promise<void> {
  const { side, filter } = work;
  const expected = chunk.rows.flatMap((source) => {
    const id = idOf(side, source, options);
    return id === null ? [] : [{ id, source }];
  });
  for (const { id } of expected) filter.add(id);
  options.findings.count(side.what, expected.length);
  const stored = await side.read(expected.map(({ id }) => id));
  const verdicts = await side.compare(expected, stored);
  for (const { id, source } of expected) {
    const seen = stored.get(id)?.position ?? null;
    // Equal, but at a place above the view: changed since, or a place the source never had.
    const isAbove = seen !== null && chunk.to !== null && seen.slice(0, chunk.to.length) > chunk.to;
    if (verdicts.get(id)!.kind !== 'equal' || isAbove) work.open.push({ id, key: source.key, seen });
  }
  await settleOpen(work, options, MAX_OPEN);
}

async function settleOpen(work: SideWork, options: TableCheckOptions, above: number): Promise<void> {
  if (work.open.length <= above) return;
  const { open } = work;
  work.open = [];
  await settle(work.side, open, options);
}

function idOf(side: CopySide, source: SourceRow, { findings }: TableCheckOptions): string | null {
  try {
    return side.idOf(source.row);
  } catch (error) {
    if (!hasCode(error, 'PROJECTION_FAILED')) throw error;
    findings.refuse(side.what, 1);
    return null;
  }
}

/** Goes through the copy for what the source did not have. */
async function findExtras(
  table: CapturedTable,
  side: CopySide,
  filter: IdFilter,
  options: TableCheckOptions,
): Promise<void> {
  const { source, findings, signal } = options;
  let open: Open[] = [];
  const unkeyed: Stored[] = [];
  await side.scan(async (page) => {
    signal.throwIfAborted();
    for (const stored of page) {
      if (!stored.live || filter.has(stored.id)) continue;
      const key = side.keyOf(stored.id);
      if (key !== null) open.push({ id: stored.id, key: source.keyOf(table, key), seen: stored.position });
      else if (unkeyed.length < MAX_CANDIDATES) unkeyed.push(stored);
    }
    if (open.length < MAX_OPEN) return;
    const batch = open;
    open = [];
    await settle(side, batch, options);
  });
  await settle(side, open, options);
  if (unkeyed.length === MAX_CANDIDATES)
    findings.notes.push(`${side.what}: more than ${MAX_CANDIDATES} without a source; the rest was not looked at`);
  await settleUnkeyed(table, side, unkeyed, options);
}

/**
 * Things whose source row cannot be asked for by key. What came since the run began may well have a row behind the place reading had reached, so
 * it is left to the next run. For the rest the table is gone through once more: what no row gives, while the copy has passed the whole reading
 * and still holds it unchanged, has no source.
 */
async function settleUnkeyed(
  table: CapturedTable,
  side: CopySide,
  candidates: readonly Stored[],
  options: TableCheckOptions,
): Promise<void> {
  const { source, passage, findings } = options;
  const began = source.first ?? '';
  const isNew = ({ position }: Stored): boolean =>
    position.slice(0, 20) > began && position.slice(0, 20) <= source.last!;
  const left = new Map(candidates.filter((one) => !isNew(one)).map((one) => [one.id, one]));
  if (left.size < candidates.length)
    findings.notes.push(`${side.what}: ${candidates.length - left.size} that came meanwhile are left to the next run`);
  if (left.size === 0) return;
  const refused = (): number => findings.unbuildable.get(side.what) ?? 0;
  const refusedBefore = refused();
  const found: Open[] = [];
  let to: SourceRows | null = null;
  let absentAt: string | null = null;
  for await (const chunk of chunks(table, [side], options)) {
    to = chunk;
    absentAt ??= chunk.from;
    for (const row of chunk.rows) {
      const id = idOf(side, row, options);
      const stored = id === null ? undefined : left.get(id);
      if (stored === undefined) continue;
      left.delete(stored.id);
      found.push({ id: stored.id, key: row.key, seen: stored.position });
    }
  }
  await settle(side, found, options);
  if (left.size === 0 || to === null || absentAt === null) return;
  if (refused() > refusedBefore) {
    // A row that cannot be projected does not say which thing is its own: that stays as it was before.
    findings.notes.push(`${side.what}: ${left.size} of no row that can be projected are left until all rows can be`);
    return;
  }
  const mark = await source.mark(to);
  const ids = [...left.keys()];
  const passed = await passage.until(source, side.copy, mark, async () => {
    const now = await side.read(ids);
    for (const [id, { position }] of left) {
      const found = now.get(id);
      if (found?.live !== true || found.position !== position) left.delete(id);
    }
    return left.size === 0;
  });
  for (const id of left.keys()) {
    if (passed) findings.different({ what: side.what, id, kind: 'extra', fields: [], key: null, absentAt });
    else findings.undecide({ what: side.what, id, why: 'lag' });
  }
}
