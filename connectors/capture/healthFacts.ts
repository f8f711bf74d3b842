import type { Queryable } from '#connectors/sqlserver/connection.ts';
import { HEALTH_PARTS, type HealthPart, healthStatement } from '#connectors/sqlserver/healthQueries.ts';
import { type Lsn, lsnFromBuffer, lsnFromNumeric, ZERO_LSN } from '#connectors/sqlserver/lsn.ts';
import { lsnParam } from '#connectors/sqlserver/params.ts';
import { hasCode } from '#infra/runtime/errors.ts';
import type { MappedTransaction, Seen, SourceFacts } from './health.ts';
import type { LogScanMark } from './logScan.ts';

type FactRow = Readonly<Record<string, unknown>>;

const ALL_PARTS = Object.keys(HEALTH_PARTS) as HealthPart[];
/** Rights may be granted while the capture runs: what was hidden is asked for again after this long, ms. */
const ASK_AGAIN_MS = 10 * 60_000;
/** dm_server_services.status. */
const RUNNING = 4;

/** Asks the source how it is: one statement with all that this login may see. */
export class FactReader {
  #hidden = new Set<HealthPart>();
  #askedAllAtMs = Number.NEGATIVE_INFINITY;

  /** Parts that this login may not see, or that this server does not have. */
  get hidden(): readonly HealthPart[] {
    return [...this.#hidden];
  }

  /** A new connection may come to another server, or with other rights: everything is asked for again. */
  forget(): void {
    this.#askedAllAtMs = Number.NEGATIVE_INFINITY;
  }

  /** `mark`: the LSN whose transaction is looked up. */
  async read(db: Queryable, mark: Lsn | null, nowMs: number, signal: AbortSignal): Promise<SourceFacts> {
    if (nowMs - this.#askedAllAtMs >= ASK_AGAIN_MS) {
      this.#hidden = new Set();
      this.#askedAllAtMs = nowMs;
    }
    const wanted = ALL_PARTS.filter((part) => !this.#hidden.has(part));
    try {
      return factsOf(await ask(db, wanted, mark, signal), this.#hidden);
    } catch (error) {
      if (!isHidden(error)) throw error;
    }
    return factsOf(await this.#askOneByOne(db, mark, signal), this.#hidden);
  }

  async #askOneByOne(db: Queryable, mark: Lsn | null, signal: AbortSignal): Promise<FactRow> {
    let row = await ask(db, [], mark, signal);
    this.#hidden = new Set();
    for (const part of ALL_PARTS) {
      try {
        row = { ...row, ...(await ask(db, [part], mark, signal)) };
      } catch (error) {
        if (!isHidden(error)) throw error;
        this.#hidden.add(part);
      }
    }
    return row;
  }
}

const isHidden = (error: unknown): boolean =>
  hasCode(error, 'SQL_PERMISSION_DENIED') ||
  hasCode(error, 'SQL_OBJECT_MISSING') ||
  hasCode(error, 'SQL_DATABASE_UNAVAILABLE');

async function ask(
  db: Queryable,
  parts: readonly HealthPart[],
  mark: Lsn | null,
  signal: AbortSignal,
): Promise<FactRow> {
  const [row] = await db.query<FactRow>(healthStatement(parts), { mark: lsnParam(mark ?? ZERO_LSN) }, signal);
  return row ?? {};
}

function factsOf(row: FactRow, hidden: ReadonlySet<HealthPart>): SourceFacts {
  // The capture job works on the primary; a readable secondary shows no scans and has no job of its own.
  const secondary = row['updateability'] === 'READ_ONLY';
  const seen = <T>(part: HealthPart, read: () => T): Seen<T> =>
    hidden.has(part) || secondary ? { seen: false } : { seen: true, value: read() };
  const newest = transaction(row, 'mapped');
  const fork = hidden.has('fork') || !row['fork_guid'] ? null : String(row['fork_guid']);
  return {
    server: String(row['server'] ?? ''),
    created: String(row['created'] ?? ''),
    cdcEnabled: row['is_cdc_enabled'] === true,
    logReuseWait: String(row['log_reuse_wait'] ?? ''),
    fork:
      fork === null ? { seen: false } : { seen: true, value: { guid: fork, pointLsn: pointLsn(row['fork_point']) } },
    marked: transaction(row, 'marked'),
    oldestLsn: row['mapped_oldest'] ? lsnFromBuffer(row['mapped_oldest'] as Buffer) : null,
    newest: newest && { ...newest, ageSeconds: Number(row['mapped_age']) },
    scan: seen('scan', () =>
      row['scan_signature']
        ? { signature: String(row['scan_signature']), errorCount: Number(row['scan_errors'] ?? 0), mark: scanMark(row) }
        : null,
    ),
    fault: seen('fault', () =>
      row['fault_number'] ? { number: Number(row['fault_number']), ageSeconds: Number(row['fault_age']) } : null,
    ),
    agent: seen('agent', () => {
      if (row['agent_status'] === null || row['agent_status'] === undefined) return 'absent' as const;
      return row['agent_status'] === RUNNING ? ('running' as const) : ('stopped' as const);
    }),
    job: seen('job', () => (Number(row['job_count'] ?? 0) > 0 ? ('present' as const) : ('absent' as const))),
  };
}

function transaction(row: FactRow, name: 'mapped' | 'marked'): MappedTransaction | null {
  const lsn = row[`${name}_lsn`];
  if (!lsn) return null;
  const id = row[`${name}_id`];
  return {
    lsn: lsnFromBuffer(lsn as Buffer),
    endTime: String(row[`${name}_end`]),
    tranId: Buffer.isBuffer(id) ? id.toString('hex') : '',
  };
}

/** The signature begins with the session and its scans that found nothing. */
function scanMark(row: FactRow): LogScanMark {
  const [sessionId, emptyScans] = String(row['scan_signature']).split('/').map(Number) as [number, number];
  return { sessionId, emptyScans };
}

/** 0 and NULL: the database never forked. */
const pointLsn = (value: unknown): Lsn | null =>
  typeof value === 'string' && BigInt(value) > 0n ? lsnFromNumeric(value) : null;
