import type { CaptureState, TableState } from '#connectors/capture/types.ts';
import { formatLsn, lsn } from '#connectors/sqlserver/lsn.ts';
import type { StoredCapture } from '#infra/ops/captureControl.ts';
import { formatTable } from './output.ts';

/** What `sluice capture status` shows of one capture. */
export interface CaptureView {
  readonly name: string;
  readonly database: string;
  /** Processes that work on it or stand by. */
  readonly processes: number;
  /** Nothing here needs a person. */
  readonly healthy: boolean;
  readonly problems: readonly string[];
  readonly stored: CaptureState | null;
  /** What its process says of itself; null when it was not reached. */
  readonly live: Readonly<Record<string, unknown>> | null;
}

/** The part of GET /status that is judged here. */
interface LiveFacts {
  readonly state?: string;
  readonly lagMs?: number | null;
  readonly lastError?: string | null;
  readonly source?: {
    readonly state: string;
    readonly severity: string;
    readonly reason: string;
    readonly remedy: string;
  };
}

export function captureView(stored: StoredCapture, live: Readonly<Record<string, unknown>> | undefined): CaptureView {
  const facts = live as LiveFacts | undefined;
  const problems: string[] = [];
  if (stored.processes === 0) problems.push('no process runs it');
  if (!stored.stored) problems.push('it has stored nothing yet');
  for (const [table, { stopped }] of Object.entries(stored.stored?.tables ?? {}))
    if (stopped)
      problems.push(`${table} ${stopped.held ? 'is held' : 'is stopped'}: ${stopped.code}: ${stopped.reason}`);
  if (facts?.state === 'waiting' || facts?.state === 'failed')
    problems.push(`${facts.state}: ${facts.lastError ?? ''}`);
  const source = facts?.source;
  if (source && (source.severity === 'critical' || source.severity === 'warning'))
    problems.push(`source ${source.state}: ${source.reason} → ${source.remedy}`);
  return { ...stored, healthy: problems.length === 0, problems, live: live ?? null };
}

/** The same for a person. */
export function describeCapture(view: CaptureView): string {
  const { name, database, processes, stored, live, problems } = view;
  const facts = live as LiveFacts | null;
  const lines = [
    `capture ${name} of ${database}: ${facts?.state ?? (stored?.paused ? 'paused' : `${processes} running`)}`,
  ];
  if (stored) {
    const place = formatLsn(lsn(stored.position.slice(0, 20)));
    const time = stored.positionTimeMs === null ? 'time unknown' : new Date(stored.positionTimeMs).toISOString();
    const lag =
      facts?.lagMs === undefined || facts.lagMs === null ? '' : `, ${(facts.lagMs / 1000).toFixed(1)} s behind`;
    lines.push(`  position ${place}, ${time}${lag}${stored.paused ? ', paused' : ''}`);
    if (facts?.source) lines.push(`  source ${facts.source.state}`);
    const rows = Object.entries(stored.tables).map(([id, table]) => [
      id,
      stateOf(table),
      table.instance,
      table.snapshot.rows,
    ]);
    lines.push(indented(formatTable([['table', 'state', 'instance', 'snapshot rows'], ...rows])));
    if (stored.snapshots.length > 0) {
      const asked = stored.snapshots.map((s) => [
        s.id,
        s.table,
        s.paused ? 'paused' : s.progress.state,
        s.progress.rows,
      ]);
      lines.push(indented(formatTable([['snapshot', 'table', 'state', 'rows'], ...asked])));
    }
  }
  for (const problem of problems) lines.push(`  ✗ ${problem}`);
  return lines.join('\n');
}

const indented = (text: string): string => text.replaceAll(/^/gm, '  ');

function stateOf({ stopped, position, snapshot }: TableState): string {
  if (stopped) return stopped.held ? 'held' : 'stopped';
  if (snapshot.state !== 'done') return 'snapshotting';
  return position === undefined ? 'streaming' : 'behind';
}
