import { SOURCE_STATE_NAMES, SOURCE_STATES } from '#connectors/capture/healthStates.ts';
import type { SourceStatus } from '#connectors/capture/healthWatch.ts';
import type { CaptureNotification } from '#connectors/capture/notifications.ts';
import type { CaptureStateName, TableStateName } from '#connectors/capture/states.ts';
import type { CaptureStatus } from '#connectors/capture/status.ts';
import type { LeaseState } from '#infra/kafka/lease.ts';
import { Counter, Gauge, Histogram, LATENCY_BUCKETS_SECONDS, type Registry } from '#infra/runtime/metrics.ts';

/** One capture as the metrics look at it. */
export interface WatchedCapture {
  readonly name: string;
  status(): CaptureStatus & { readonly lease: LeaseState; readonly source: SourceStatus };
}

/** What a batch that was written tells. */
export interface PublishedBatch {
  readonly changes: number;
  readonly messages: number;
  readonly ms: number;
}

export interface CaptureMetrics {
  published(capture: string, batch: PublishedBatch): void;
  notified(capture: string, notification: CaptureNotification): void;
  /** Shows these captures from now on. */
  watch(captures: readonly WatchedCapture[]): void;
}

const CAPTURE_STATES: readonly CaptureStateName[] = [
  'starting',
  'snapshotting',
  'streaming',
  'paused',
  'waiting',
  'standby',
  'completed',
  'stopped',
  'failed',
];
const TABLE_STATES: readonly TableStateName[] = ['snapshotting', 'streaming', 'behind', 'held', 'stopped', 'left_out'];

type Labels = Readonly<Record<string, string>>;
/** A reading of a gauge: its labels beside `capture`, and its value; null shows nothing. */
type Reading = readonly [labels: Labels, value: number | null];

/** The metrics of the capture role: docs/metrics.md lists them with Debezium's names. */
export function captureMetrics(registry: Registry): CaptureMetrics {
  const registers = [registry];
  const counter = (name: string, help: string, ...labels: string[]): Counter =>
    new Counter({ name, help, labelNames: ['capture', ...labels], registers });
  const messages = counter('sluice_capture_messages_total', 'Records written to Kafka.');
  const changes = counter('sluice_capture_changes_total', 'Changes and snapshot rows written to Kafka.');
  const notifications = counter('sluice_capture_notifications_total', 'What happened, by kind.', 'type');
  const losses = counter(
    'sluice_capture_loss_total',
    'Times that clean-up removed changes of a table unread.',
    'table',
  );
  const signals = counter('sluice_capture_signals_total', 'Signals of operators, by outcome.', 'outcome');
  const commits = new Histogram({
    name: 'sluice_capture_commit_seconds',
    help: 'Time to encode, send and commit one batch.',
    buckets: LATENCY_BUCKETS_SECONDS,
    labelNames: ['capture'],
    registers,
  });
  const progress = snapshotGauges(registers);
  return {
    published(capture, batch) {
      changes.inc({ capture }, batch.changes);
      messages.inc({ capture }, batch.messages);
      commits.observe({ capture }, batch.ms / 1000);
    },
    notified(capture, notification) {
      const { type } = notification;
      notifications.inc({ capture, type });
      if (type === 'table_changes_lost') losses.inc({ capture, table: notification.table });
      if (type === 'signal_applied' || type === 'signal_refused') signals.inc({ capture, outcome: type.slice(7) });
      progress(capture, notification);
    },
    watch: (captures) => watchStatuses(registers, captures),
  };
}

/** Progress of the snapshots that are being read; gone when they end. */
function snapshotGauges(registers: Registry[]): (capture: string, notification: CaptureNotification) => void {
  const labelNames = ['capture', 'id', 'table'];
  const gauge = (name: string, help: string): Gauge => new Gauge({ name, help, labelNames, registers });
  const rows = gauge('sluice_capture_snapshot_rows', 'Rows of a running snapshot that were written.');
  const expected = gauge('sluice_capture_snapshot_expected_rows', 'Rows of the table, about.');
  const rate = gauge('sluice_capture_snapshot_rows_per_second', 'Rows of a running snapshot per second.');
  const eta = gauge('sluice_capture_snapshot_eta_seconds', 'Seconds until a running snapshot is done, about.');
  const all = [rows, expected, rate, eta];
  return (capture, notification) => {
    if (notification.type === 'snapshot_progress') {
      const { id, table, rows: done, totalRows, rowsPerSecond, etaMs } = notification;
      const labels = { capture, id, table };
      rows.set(labels, done);
      rate.set(labels, rowsPerSecond);
      if (totalRows !== null) expected.set(labels, totalRows);
      if (etaMs !== null) eta.set(labels, etaMs / 1000);
    }
    if (notification.type === 'snapshot_table_completed' || notification.type === 'snapshot_aborted') {
      const { id, table } = notification;
      for (const gauge of all) gauge.remove({ capture, id, table });
    }
  };
}

function watchStatuses(registers: Registry[], captures: readonly WatchedCapture[]): void {
  const gauge = (
    name: string,
    help: string,
    labels: readonly string[],
    read: (status: ReturnType<WatchedCapture['status']>) => readonly Reading[],
  ): void => {
    new Gauge({
      name,
      help,
      labelNames: ['capture', ...labels],
      registers,
      collect() {
        this.reset();
        for (const { name: capture, status } of captures) {
          for (const [own, value] of read(status())) if (value !== null) this.set({ capture, ...own }, value);
        }
      },
    });
  };
  type Status = ReturnType<WatchedCapture['status']>;
  const single = (name: string, help: string, read: (status: Status) => number | null): void =>
    gauge(name, help, [], (status) => [[{}, read(status)]]);
  const perTable = (name: string, help: string, read: (table: Status['tables'][string]) => number | null): void =>
    gauge(name, help, ['table'], ({ tables }) => Object.entries(tables).map(([table, t]) => [{ table }, read(t)]));
  const seconds = (ms: number | null): number | null => (ms === null ? null : ms / 1000);
  const age = (iso: string | null): number | null => (iso === null ? null : (Date.now() - Date.parse(iso)) / 1000);

  single('sluice_capture_up', '1 while changes flow (snapshotting or streaming), else 0.', ({ state }) =>
    Number(state === 'streaming' || state === 'snapshotting'),
  );
  single('sluice_capture_active', '1 where this process holds the lease, 0 where it stands by.', ({ lease }) =>
    Number(lease === 'active'),
  );
  gauge('sluice_capture_state', '1 for the state the capture is in.', ['state'], ({ state }) =>
    CAPTURE_STATES.map((name) => [{ state: name }, Number(name === state)]),
  );
  gauge('sluice_capture_source_state', '1 for the state the source is in.', ['state', 'severity'], ({ source }) =>
    SOURCE_STATE_NAMES.map((state) => [
      { state, severity: SOURCE_STATES[state].severity },
      Number(state === source.state),
    ]),
  );
  single('sluice_capture_position_lag_seconds', 'Age of the position while the source has newer changes.', (s) =>
    seconds(s.lagMs),
  );
  single('sluice_capture_delay_seconds', 'Commit to written in Kafka, of the newest change.', (s) =>
    seconds(s.lastDelayMs),
  );
  single('sluice_capture_read_delay_seconds', 'Commit to read from the change table, newest batch.', (s) =>
    seconds(s.lastDelays?.readMs ?? null),
  );
  single('sluice_capture_write_delay_seconds', 'Read to written in Kafka, newest batch.', (s) =>
    seconds(s.lastDelays?.writeMs ?? null),
  );
  single('sluice_capture_last_poll_age_seconds', 'Since the source was last looked at.', (s) => age(s.lastPollAt));
  single('sluice_capture_last_change_age_seconds', 'Since the last change was written.', (s) => age(s.lastChangeAt));
  single(
    'sluice_capture_source_queries_per_second',
    'Statements sent to the source per second, over ten seconds.',
    (s) => s.queriesPerSecond,
  );
  single('sluice_capture_restarts', 'Times the capture began anew since the process started.', (s) => s.restarts);
  single('sluice_capture_paused', '1 while paused by an operator.', (s) => Number(s.paused));
  single(
    'sluice_capture_snapshot_tables_remaining',
    'Tables whose first snapshot is not done.',
    (s) => Object.values(s.tables).filter((t) => t.snapshot.state !== 'done').length,
  );
  gauge('sluice_capture_operations', 'Changes written since the start, by operation.', ['op'], (s) =>
    Object.entries(s.changesByOp).map(([op, count]) => [{ op }, count]),
  );
  gauge('sluice_capture_tables', 'Tables by state.', ['state'], ({ tables }) =>
    TABLE_STATES.map((state) => [{ state }, Object.values(tables).filter((t) => t.state === state).length]),
  );
  gauge(
    'sluice_capture_table_stopped',
    '1 for a table that is stopped or held, with the reason.',
    ['table', 'code'],
    (s) =>
      Object.entries(s.tables).flatMap(([table, t]): Reading[] =>
        t.stopped ? [[{ table, code: t.stopped.code }, 1]] : [],
      ),
  );
  perTable(
    'sluice_capture_headroom_hours',
    'Hours until clean-up may remove changes of the table that were not read.',
    (t) => t.headroomHours,
  );
  perTable(
    'sluice_capture_retained_hours',
    'Hours of changes behind the position that are still there.',
    (t) => t.retainedHours,
  );
  perTable('sluice_capture_table_changes', 'Changes of the table written since the start.', (t) => t.changes);
}
