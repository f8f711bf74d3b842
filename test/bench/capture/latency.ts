import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '#connectors/sqlserver/connection.ts';
import type { Subject } from './subject.ts';
import { type BenchTable, insertRows } from './workload.ts';

const COMMITS_PER_SECOND = 20;
const LOOK_MS = 5;

interface Mark {
  /** Changes committed by then since the measurement began. */
  readonly changes: number;
  readonly atMs: number;
}

/** Times in ms after which half, 99 % and all of the commits were there. */
function percentiles(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): string =>
    (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN).toFixed(0);
  return `p50 ${at(0.5)} p99 ${at(0.99)} max ${at(1)} ms`;
}

/**
 * Commits `rate` changes a second for some seconds, in up to 20 transactions a second, and measures from the answer to each commit until its
 * last change is committed in Kafka; and, apart, until the source's capture job had put it into the change table, which no reader can hasten.
 */
export async function measureLatency(
  db: Database,
  table: BenchTable,
  subject: Subject,
  rate: number,
  seconds: number,
): Promise<string> {
  const commits = Math.min(COMMITS_PER_SECOND, rate);
  const perCommit = Math.round(rate / commits);
  const committed: Mark[] = [];
  const [last] = await db.rows(`SELECT MAX(t.ID) FROM dbo.${table.name} AS t`);
  const first = Number(last?.[0] ?? 0) + 1;
  const ackedBefore = subject.acked;
  const total = perCommit * commits * seconds;
  let writing = true;
  const write = async (): Promise<void> => {
    const start = performance.now();
    for (let i = 0; i < commits * seconds; i++) {
      const dueMs = start + (i * 1000) / commits;
      if (performance.now() < dueMs) await delay(dueMs - performance.now());
      await insertRows(db, table, first + i * perCommit, perCommit);
      committed.push({ changes: (i + 1) * perCommit, atMs: performance.now() });
    }
    writing = false;
  };
  const follow = async (reached: () => Promise<number>, latencies: number[]): Promise<void> => {
    for (let next = 0; next < total; ) {
      const count = await reached();
      const now = performance.now();
      for (let mark = committed[latencies.length]; mark && mark.changes <= count; mark = committed[latencies.length]) {
        latencies.push(now - mark.atMs);
        next = mark.changes;
      }
      if (!writing && latencies.length === committed.length) return;
      await delay(LOOK_MS);
    }
  };
  const toKafka: number[] = [];
  const toChangeTable: number[] = [];
  const changes = `cdc.[dbo_${table.name}_CT]`;
  const newest = `SELECT MAX(c.ID) FROM ${changes} AS c WHERE c.[__$start_lsn] = (SELECT MAX(m.[__$start_lsn]) FROM ${changes} AS m)`;
  const captured = async (): Promise<number> => Number((await db.rows(newest))[0]?.[0] ?? 0) - first + 1;
  await Promise.all([
    write(),
    follow(async () => subject.acked - ackedBefore, toKafka),
    follow(captured, toChangeTable),
  ]);
  const own = toKafka.map((ms, i) => ms - (toChangeTable[i] ?? Number.NaN)).filter((ms) => !Number.isNaN(ms));
  const apart = own.length > 0 ? ` · capture job ${percentiles(toChangeTable)} · the rest ${percentiles(own)}` : '';
  return `latency at ${rate} changes/s, ${subject.name}: commit to Kafka ${percentiles(toKafka)}${apart}\n`;
}
