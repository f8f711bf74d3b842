import type { KeyText } from '#connectors/capture/chunk.ts';
import { hasCode } from '#infra/runtime/errors.ts';
import type { CopySide, Stored, Verdict } from './copySide.ts';
import type { Passage } from './passage.ts';
import type { Findings } from './report.ts';
import type { SourceReader, SourceRow, ViewMark } from './sourceReader.ts';

/** Something of a copy that has to be looked at again. */
export interface Open {
  readonly id: string;
  /** Key of the source row it belongs, or would belong, to. */
  readonly key: KeyText;
  /** The position that was stored when it was seen; null for none. */
  readonly seen: string | null;
}

/** Looks at something that keeps moving before it is left undecided. */
const MAX_ROUNDS = 15;
/** So many looks at different positions must agree that it is wrong. */
const NEEDED_LOOKS = 2;

interface Suspect extends Open {
  readonly wrong: number;
}

/** What one round expects of one thing. */
interface Expectation {
  readonly suspect: Suspect;
  readonly id: string;
  readonly source: SourceRow | null;
}

export interface SettleOptions {
  readonly source: SourceReader;
  readonly passage: Passage;
  readonly findings: Findings;
}

/**
 * Decides about things that did not look equal. Each round reads their rows again by key in a new exact view, then looks at the copy until it
 * equals the view, or has come past everything in it and still differs. Twice wrong in that way is a difference; a stored position above the
 * view's means that the thing was changed since, so it is looked at again; a position that was seen *before* a view and lies above its end
 * cannot come from the source.
 */
export async function settle(side: CopySide, open: readonly Open[], options: SettleOptions): Promise<void> {
  const pageKeys = options.source.maxKeys(side.table);
  for (let start = 0; start < open.length; start += pageKeys) {
    let suspects: readonly Suspect[] = open.slice(start, start + pageKeys).map((one) => ({ ...one, wrong: 0 }));
    for (let round = 0; suspects.length > 0 && round < MAX_ROUNDS; round++)
      suspects = await lookAgain(side, suspects, options);
    for (const { id } of suspects) options.findings.undecide({ what: side.what, id, why: 'moving' });
  }
}

/** One round. Gives what is still open. */
async function lookAgain(
  side: CopySide,
  suspects: readonly Suspect[],
  { source, passage, findings }: SettleOptions,
): Promise<Suspect[]> {
  const read = await source.byKeys(
    side.table,
    suspects.map(({ key }) => key),
  );
  let open = suspects.flatMap((suspect, i) => expectations(side, suspect, read.rows[i] ?? null, findings));
  open = open.filter((expectation) => !isAhead(side, expectation, read, findings));
  let stored: ReadonlyMap<string, Stored> = new Map();
  let verdicts: ReadonlyMap<string, Verdict> = new Map();
  const passed = await passage.until(source, side.copy, read, async () => {
    stored = await side.read(open.map(({ id }) => id));
    verdicts = await side.compare(open, stored);
    open = open.filter(({ id }) => verdicts.get(id)!.kind !== 'equal');
    return open.length === 0;
  });
  const again: Suspect[] = [];
  for (const { suspect, id } of open) {
    const { kind, fields } = verdicts.get(id)!;
    const { position: seen = null, movedAt = seen } = stored.get(id) ?? {};
    const isMoved = movedAt !== null && movedAt.slice(0, read.view.from.length) > read.view.from;
    const wrong = isMoved ? suspect.wrong : suspect.wrong + 1;
    if (!passed) findings.undecide({ what: side.what, id, why: 'lag' });
    else if (wrong < NEEDED_LOOKS) again.push({ ...suspect, id, seen, wrong });
    else if (kind !== 'equal') findings.different({ what: side.what, id, kind, fields, key: suspect.key });
  }
  return again;
}

/** What the row says of the thing; a row that stands for another thing now says something of both. */
function expectations(
  side: CopySide,
  suspect: Suspect,
  row: SourceRow['row'] | null,
  findings: Findings,
): Expectation[] {
  const source = row === null ? null : { key: suspect.key, row, digest: null };
  let id: string | null;
  try {
    id = row === null ? null : side.idOf(row);
  } catch (error) {
    if (!hasCode(error, 'PROJECTION_FAILED')) throw error;
    findings.refuse(side.what, 1);
    return [];
  }
  if (id === suspect.id) return [{ suspect, id, source }];
  const own: Expectation[] = [{ suspect, id: suspect.id, source: null }];
  return id === null ? own : [...own, { suspect: { ...suspect, seen: null }, id, source }];
}

function isAhead(side: CopySide, { suspect, id }: Expectation, { view }: ViewMark, findings: Findings): boolean {
  if (suspect.seen === null || view.to === null || suspect.seen.slice(0, view.to.length) <= view.to) return false;
  findings.different({ what: side.what, id, kind: 'position', fields: [], key: suspect.key, position: suspect.seen });
  return true;
}
