import { formatTable } from '#infra/cli/output.ts';

export interface LatencySummary {
  readonly count: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

export interface DemoCheck {
  readonly name: string;
  readonly ok: boolean;
  /** What was seen, in a few words. */
  readonly detail: string;
}

/** Everything the report of `sluice demo --once` shows. Durations are milliseconds, sizes bytes. */
export interface DemoFacts {
  readonly shop: string;
  readonly sourceRows: number;
  readonly documents: number;
  readonly stockLevels: number;
  readonly changes: number;
  readonly trafficMs: number;
  readonly snapshotMs: number;
  readonly commitToStock: LatencySummary;
  readonly commitToSearchable: LatencySummary;
  readonly checks: readonly DemoCheck[];
  /** Each difference between the copies and the source, named. */
  readonly differences: readonly string[];
  readonly phases: readonly { readonly name: string; readonly ms: number }[];
  readonly memory: readonly { readonly name: string; readonly peakBytes: number; readonly restarts?: number }[];
}

const MAX_DIFFERENCES_SHOWN = 20;

/** One screen for a person: what was done, how fast, what was checked, what differs. */
export function formatReport(facts: DemoFacts): string {
  const perSecond = facts.trafficMs > 0 ? facts.changes / (facts.trafficMs / 1000) : 0;
  const lines = [
    '',
    `Sluice demo: ${facts.shop}`,
    '',
    formatTable([
      ['source rows', 'documents', 'stock levels', 'changes', 'changes/s'],
      [facts.sourceRows, facts.documents, facts.stockLevels, facts.changes, perSecond.toFixed(1)],
    ]),
    '',
    formatTable([
      ['latency', 'samples', 'p50', 'p99'],
      ['commit → stock', facts.commitToStock.count, ms(facts.commitToStock.p50Ms), ms(facts.commitToStock.p99Ms)],
      [
        'commit → searchable',
        facts.commitToSearchable.count,
        ms(facts.commitToSearchable.p50Ms),
        ms(facts.commitToSearchable.p99Ms),
      ],
    ]),
    '',
    ...facts.checks.map((check) => `${check.ok ? '✓' : '✗'} ${check.name}: ${check.detail}`),
    '',
    `times: ${[...facts.phases, { name: 'snapshot to searchable', ms: facts.snapshotMs }].map((p) => `${p.name} ${(p.ms / 1000).toFixed(1)} s`).join(', ')}`,
    `peak memory: ${facts.memory.map(describeMemory).join(', ')}`,
    '',
    `differences: ${facts.differences.length}`,
    ...facts.differences.slice(0, MAX_DIFFERENCES_SHOWN).map((difference) => `  ${difference}`),
  ];
  if (facts.differences.length > MAX_DIFFERENCES_SHOWN)
    lines.push(`  … and ${facts.differences.length - MAX_DIFFERENCES_SHOWN} more`);
  return lines.join('\n');
}

/** Whether the run ended as it should. */
export function passed(facts: DemoFacts): boolean {
  return facts.differences.length === 0 && facts.checks.every((check) => check.ok);
}

function ms(value: number | null): string {
  return value === null ? '–' : `${value.toFixed(0)} ms`;
}

function describeMemory(part: DemoFacts['memory'][number]): string {
  const restarts = part.restarts ? ` (restarted ${part.restarts}×)` : '';
  return `${part.name} ${(part.peakBytes / 2 ** 20).toFixed(0)} MB${restarts}`;
}
