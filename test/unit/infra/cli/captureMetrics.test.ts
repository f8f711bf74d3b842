import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { sourceStatesPage } from '#connectors/capture/healthPage.ts';
import { lsn } from '#connectors/sqlserver/lsn.ts';
import { captureMetrics, type WatchedCapture } from '#infra/cli/roles/captureMetrics.ts';
import { createMetrics, type Registry } from '#infra/runtime/metrics.ts';
import { readSources } from '../../architecture/sources.ts';

const read = (path: string): Promise<string> => readFile(new URL(`../../../../${path}`, import.meta.url), 'utf8');

/** A capture in trouble: every metric has something to show. */
const CAPTURE = {
  name: 'capture',
  status: () => ({
    state: 'streaming',
    lease: 'active',
    position: null,
    commitLsn: lsn('0'.repeat(20)),
    positionTime: '2026-01-01T00:00:00.000Z',
    lagMs: 1500,
    sourceMaxLsn: null,
    lastDelayMs: 120,
    lastDelays: { readMs: 100, writeMs: 20 },
    lastPollAt: new Date().toISOString(),
    lastChangeAt: new Date().toISOString(),
    changes: 6,
    changesByOp: { c: 1, u: 2, d: 3 },
    snapshotRows: 4,
    batches: 5,
    queriesPerSecond: 10,
    restarts: 2,
    lastError: null,
    paused: false,
    snapshots: [],
    tables: {
      'dbo.STOCK': {
        instance: 'dbo_STOCK',
        state: 'stopped',
        snapshot: { state: 'running', lastKey: null, rows: 4 },
        stopped: { code: 'CDC_INSTANCE_DROPPED', reason: 'gone', at: '', sinceMs: 0, held: false },
        headroomHours: 71.5,
        retainedHours: 12,
        changes: 6,
      },
    },
    source: {
      state: 'agent_down',
      severity: 'critical',
      effect: 'goes on',
      reason: 'r',
      remedy: 'r',
      since: '2026-01-01T00:00:00.000Z',
      hidden: [],
    },
  }),
} as unknown as WatchedCapture;

async function filled(): Promise<{ registry: Registry; text: string }> {
  const registry = createMetrics();
  const metrics = captureMetrics(registry);
  metrics.watch([CAPTURE]);
  metrics.published('capture', { changes: 6, messages: 9, ms: 4 });
  metrics.notified('capture', {
    type: 'snapshot_progress',
    id: 'dbo.STOCK',
    table: 'dbo.STOCK',
    rows: 4,
    totalRows: 8,
    rowsPerSecond: 2,
    etaMs: 2000,
  });
  metrics.notified('capture', { type: 'signal_refused', offset: '1', reason: 'no' });
  metrics.notified('capture', {
    type: 'table_changes_lost',
    table: 'dbo.STOCK',
    afterLsn: lsn('0'.repeat(20)),
    beforeLsn: lsn('1'.repeat(20)),
    fromMs: null,
    toMs: null,
    action: 'resnapshot',
  });
  return { registry, text: await registry.metrics() };
}

const namesIn = (text: string): Set<string> => new Set(text.match(/sluice_[a-z_]+[a-z]/g));

describe('the metrics of the capture', () => {
  test('show state, delay, headroom, progress, loss and signals', async () => {
    const { text } = await filled();
    for (const line of [
      'sluice_capture_active{capture="capture"} 1',
      'sluice_capture_source_state{capture="capture",state="agent_down",severity="critical"} 1',
      'sluice_capture_source_state{capture="capture",state="quiet",severity="ok"} 0',
      'sluice_capture_position_lag_seconds{capture="capture"} 1.5',
      'sluice_capture_read_delay_seconds{capture="capture"} 0.1',
      'sluice_capture_headroom_hours{capture="capture",table="dbo.STOCK"} 71.5',
      'sluice_capture_table_stopped{capture="capture",table="dbo.STOCK",code="CDC_INSTANCE_DROPPED"} 1',
      'sluice_capture_snapshot_eta_seconds{capture="capture",id="dbo.STOCK",table="dbo.STOCK"} 2',
      'sluice_capture_loss_total{capture="capture",table="dbo.STOCK"} 1',
      'sluice_capture_signals_total{capture="capture",outcome="refused"} 1',
      'sluice_capture_operations{capture="capture",op="d"} 3',
    ])
      expect(text.split('\n')).toContain(line);
  });

  test('of a snapshot go away when it ends', async () => {
    const registry = createMetrics();
    const metrics = captureMetrics(registry);
    const about = { id: 'x', table: 'dbo.STOCK' };
    const progress = { rows: 4, totalRows: null, rowsPerSecond: 2, etaMs: null };
    metrics.notified('capture', { type: 'snapshot_progress', ...about, ...progress });
    expect(await registry.metrics()).toContain('sluice_capture_snapshot_rows{');
    metrics.notified('capture', { type: 'snapshot_table_completed', ...about, rows: 5 });
    expect(await registry.metrics()).not.toContain('sluice_capture_snapshot_rows{');
  });

  test('are listed in docs/metrics.md, all of them and no others', async () => {
    const { registry } = await filled();
    const known = (await registry.getMetricsAsJSON()).map(({ name }) => name).sort();
    const listed = [...(await read('docs/metrics.md')).matchAll(/^\| `(sluice_capture_[a-z_]+)`/gm)].map((m) => m[1]);
    expect(listed.sort()).toEqual(known);
  });
});

describe('the alert rules', () => {
  test('each have an expression over metrics that exist, a severity, a summary and a description', async () => {
    const sources = readSources().filter(({ path }) => !path.startsWith('test/'));
    const known = new Set(sources.flatMap(({ text }) => [...text.matchAll(/'(sluice_[a-z_]+)'/g)].map((m) => m[1]!)));
    const rules = (await read('infra/ops/alerts.yaml')).split(/^ {6}- alert: /m).slice(1);
    expect(rules.length).toBeGreaterThan(10);
    const names = rules.map((rule) => rule.split('\n')[0]);
    expect(new Set(names).size).toBe(names.length);
    for (const rule of rules) {
      const name = rule.split('\n')[0]!;
      expect(name).toMatch(/^Sluice[A-Za-z]+$/);
      const expression = /^ {8}expr: (.+)$/m.exec(rule)?.[1] ?? '';
      const used = namesIn(expression);
      expect(used.size, name).toBeGreaterThan(0);
      for (const metric of used) expect(known.has(metric), `${name} uses ${metric}`).toBe(true);
      expect(rule, name).toMatch(/^ {10}severity: (critical|warning|info)$/m);
      expect(rule, name).toMatch(/^ {10}summary: \S/m);
      expect(rule, name).toMatch(/^ {10}description: \S/m);
      expect(rule.match(/^ {8}for: (.*)$/m)?.[1] ?? '1m', name).toMatch(/^\d+[smh]$/);
    }
  });
});

test('docs/source-states.md is what the table says', async () => {
  expect(await read('docs/source-states.md')).toBe(sourceStatesPage());
});
