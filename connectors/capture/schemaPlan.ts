import type { DdlRecord } from '#connectors/sqlserver/ddlHistory.ts';
import { decrementLsn, incrementLsn, type Lsn, maxLsn, ZERO_LSN } from '#connectors/sqlserver/lsn.ts';
import type { CaptureInstance } from '#connectors/sqlserver/metadata.ts';
import { commitLsnOf, endOf, type Position } from './position.ts';
import { versionsOf } from './schemaVersions.ts';

/** A stretch of a table's changes and the version of its instance that holds them. */
export interface PlannedSegment {
  readonly instance: CaptureInstance;
  readonly from: Lsn;
  readonly until: Lsn | null;
}

export interface PlanInput {
  /** Everything at or before it is written. */
  readonly position: Position;
  /** Instances of the source table as the catalog shows them, oldest first. */
  readonly candidates: readonly CaptureInstance[];
  /** Changes of definition of these instances, oldest first. */
  readonly history: readonly DdlRecord[];
  /** The plan so far; its first segment holds the position. Empty after a start. */
  readonly planned: readonly PlannedSegment[];
  /** Name of the instance that was read last: counts when `planned` is empty. */
  readonly instanceName: string;
  /** Whether an instance may be taken over that lacks columns of the present one which the table still has. */
  readonly take: 'complete' | 'newest';
}

export interface Plan {
  /** In order; the first holds the position. Empty when no instance of the table is left. */
  readonly segments: readonly PlannedSegment[];
  /** A newer instance that is not taken over, and the columns it lacks. */
  readonly ignored: { readonly instance: CaptureInstance; readonly lacks: readonly string[] } | null;
  /** The instance that was read is gone. */
  readonly gone: boolean;
}

/**
 * Which version of which instance is read for which commits. Old and new instance both hold every change since the new one's start, so the
 * switch may lie anywhere from there on: it is at the start itself, or right after what is written when that lies behind. A switch that is
 * planned stays where it is, because clean-up moves the start of an instance up.
 */
export function planSegments(input: PlanInput): Plan {
  const { candidates, history, planned, position } = input;
  const after = commitLsnOf(position);
  const current = currentOf(input);
  if (!current) return { segments: fromStart(input), ignored: null, gone: true };
  const newer = candidates.slice(candidates.indexOf(current) + 1);
  const lacking = newer.map((instance) => ({ instance, lacks: lacks(instance, current) }));
  const next = lacking.findLast(({ lacks: missing }) => input.take === 'newest' || missing.length === 0)?.instance;
  const ignored = lacking.findLast(({ instance }) => instance !== next) ?? null;
  const switchAt = next ? switchLsn(next, planned, after) : null;
  const segments: PlannedSegment[] = [];
  const known = planned.find((s) => s.instance.objectId === current.objectId)?.instance ?? null;
  add(segments, current, { history, after, known, from: ZERO_LSN, until: switchAt });
  if (next && switchAt !== null) {
    const planNext = planned.find((s) => s.instance.objectId === next.objectId);
    add(segments, next, {
      history,
      after: planNext && planNext.from < switchAt ? after : maxLsn(decrementLsn(switchAt), after),
      // It is not read yet, and what it begins with may become known only when the job has passed changes made before it.
      known: null,
      beside: besides(segments.at(-1)?.instance, planNext?.instance),
      from: switchAt,
      until: null,
    });
  }
  return { segments: withoutPassed(segments, position), ignored: isNewer(ignored, next, candidates), gone: false };
}

/** The segments that hold something after the position. */
export function withoutPassed<S extends { readonly until: Lsn | null }>(
  segments: readonly S[],
  position: Position,
): S[] {
  const at = segments.findIndex((s) => s.until === null || endOf(decrementLsn(s.until)) > position);
  return segments.slice(at < 0 ? segments.length - 1 : at);
}

function currentOf({ planned, candidates, instanceName }: PlanInput): CaptureInstance | undefined {
  const [first] = planned;
  return first
    ? candidates.find((c) => c.objectId === first.instance.objectId)
    : candidates.find((c) => c.name.toLowerCase() === instanceName.toLowerCase());
}

/** The instance that was read is gone: the oldest one left holds most of what is not read yet. What it does not reach back to is lost. */
function fromStart({ candidates, history, position }: PlanInput): PlannedSegment[] {
  const [oldest] = candidates;
  const segments: PlannedSegment[] = [];
  const after = commitLsnOf(position);
  if (oldest) add(segments, oldest, { history, after, known: null, from: ZERO_LSN, until: null });
  return segments;
}

function add(
  segments: PlannedSegment[],
  live: CaptureInstance,
  options: {
    readonly history: readonly DdlRecord[];
    readonly after: Lsn;
    readonly known: CaptureInstance | null;
    readonly beside?: CaptureInstance | null;
    readonly from: Lsn;
    readonly until: Lsn | null;
  },
): void {
  const { after, known, beside, from, until } = options;
  const history = options.history.filter((h) => h.objectId === live.objectId);
  const versions = versionsOf({ live, history, after, known, beside: beside ?? null }).map((v, i) =>
    i === 0 ? { ...v, from } : v,
  );
  for (const [i, version] of versions.entries()) {
    if (until !== null && version.from >= until) break;
    const next = versions[i + 1]?.from ?? null;
    const end = next === null || (until !== null && until < next) ? until : next;
    segments.push({ instance: version.instance, from: version.from, until: end });
  }
}

/** What is known of the columns at a switch: from the version before it, and of others from the plan so far. */
function besides(before: CaptureInstance | undefined, planned: CaptureInstance | undefined): CaptureInstance | null {
  if (!before || !planned) return before ?? planned ?? null;
  const names = new Set(before.columns.map((c) => c.name.toLowerCase()));
  const others = planned.columns.filter((c) => !names.has(c.name.toLowerCase()));
  return { ...before, columns: [...before.columns, ...others] };
}

function switchLsn(next: CaptureInstance, planned: readonly PlannedSegment[], after: Lsn): Lsn {
  const known = planned.find((s, i) => i > 0 && s.instance.objectId === next.objectId);
  return known?.from ?? maxLsn(next.startLsn, incrementLsn(after));
}

/** Columns of the present instance that the table still has and the other does not capture. */
function lacks(other: CaptureInstance, current: CaptureInstance): string[] {
  const captured = new Set([...other.columns, ...(other.droppedColumns ?? [])].map((c) => c.name.toLowerCase()));
  return current.columns.filter((c) => !captured.has(c.name.toLowerCase())).map((c) => c.name);
}

function isNewer(
  ignored: Plan['ignored'],
  next: CaptureInstance | undefined,
  candidates: readonly CaptureInstance[],
): Plan['ignored'] {
  if (!ignored || ignored.lacks.length === 0) return null;
  return next && candidates.indexOf(ignored.instance) < candidates.indexOf(next) ? null : ignored;
}
