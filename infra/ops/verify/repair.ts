import { randomUUID } from 'node:crypto';
import type { KeyText } from '#connectors/capture/chunk.ts';
import { MAX_KEYS } from '#connectors/capture/control.ts';
import { snapshotPosition } from '#connectors/capture/position.ts';
import { lsn } from '#connectors/sqlserver/lsn.ts';
import { type AuditEntry, AuditLog } from '#consumers/runner/auditLog.ts';
import { captureParts } from '#infra/cli/captures.ts';
import { systemClock } from '#infra/runtime/clock.ts';
import { operatorName } from '#infra/runtime/config/operatorName.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import { CaptureControl } from '../captureControl.ts';
import { type Copies, openCopies } from './copies.ts';
import type { CopySide } from './copySide.ts';
import { repairDocuments } from './documentRepair.ts';
import type { Difference, VerifyReport } from './report.ts';
import { type VerifyOptions, verifyCopies } from './verifyCopies.ts';

/** What mending consists of, and what a comparison says afterwards; null when nothing was done. */
export interface Repair {
  readonly steps: readonly string[];
  readonly after: VerifyReport | null;
}

/** Audit entry: what was mended, by key. */
interface RepairAudit extends AuditEntry {
  readonly action: 'verify-repair';
  readonly things: readonly Pick<Difference, 'what' | 'id' | 'kind'>[];
}

/** What has to be done. */
interface Plan {
  /** Rows capture reads again, by table. */
  readonly rereads: ReadonlyMap<string, readonly KeyText[]>;
  /** What is done to the copies themselves first. */
  readonly touched: readonly { readonly side: CopySide; readonly difference: Difference }[];
  readonly documents: readonly Difference[];
}

const AUDITED_AT_ONCE = 1000;
const SIGNAL_TIMEOUT_MS = 60_000;
const READ_TIMEOUT_MS = 600_000;
const LOOK_MS = 200;

/**
 * Mends what a comparison found. Rows are read again by capture, by key, so that what is right comes to every copy over the log, at its
 * exact place. Only what would refuse that is touched before: a position the source has not reached is lowered, lost links are entered
 * again, a thing nobody knows the row of is taken away at a place where the source had none. Documents are built again. See docs/verify.md.
 * @throws SluiceError VERIFY_REPAIR_FAILED when capture does not read the rows
 */
export async function repairCopies(options: VerifyOptions, report: VerifyReport, execute: boolean): Promise<Repair> {
  const { differences, differenceCount } = report;
  const copies = await openCopies(options.config, options);
  const steps: string[] = [];
  try {
    const plan = planOf(copies, differences);
    steps.push(...describe(plan));
    if (differenceCount > differences.length)
      steps.push(`leave ${differenceCount - differences.length} more differences to another run`);
    if (!execute || differences.length === 0) return { steps, after: null };
    await audit(options, differences);
    for (const { side, difference } of plan.touched) await touch(side, difference);
    for (const [table, keys] of plan.rereads) await reread(options, table, keys);
    await repairDocuments(options, copies, plan.documents);
  } finally {
    await copies.close();
  }
  return { steps, after: await verifyCopies(options) };
}

function planOf({ sides, plans }: Copies, differences: readonly Difference[]): Plan {
  const types = new Set(plans.map(({ definition }) => definition.type));
  const rereads = new Map<string, Map<string, KeyText>>();
  const touched: { side: CopySide; difference: Difference }[] = [];
  for (const difference of differences) {
    if (types.has(difference.what)) continue;
    const side = [...sides.values()].flat().find(({ what }) => what === difference.what)!;
    const { key, kind } = difference;
    if (kind === 'position' || isMended(kind) || key === null) touched.push({ side, difference });
    if (key === null) continue;
    const keys = rereads.get(side.table.id) ?? new Map<string, KeyText>();
    rereads.set(side.table.id, keys.set(JSON.stringify(key), key));
  }
  return {
    rereads: new Map([...rereads].map(([table, keys]) => [table, [...keys.values()]])),
    touched,
    documents: differences.filter(({ what }) => types.has(what)),
  };
}

function describe({ rereads, touched, documents }: Plan): string[] {
  return [
    ...touched.map(({ difference: { what, id, kind } }) => {
      if (kind === 'position') return `lower the position of ${what} ${id}`;
      if (kind === 'history') return `drop steps of ${what} ${id} that are newer than it`;
      return kind === 'link' ? `enter ${what} ${id} under its links` : `take ${what} ${id} away`;
    }),
    ...[...rereads].map(([table, keys]) => `read ${keys.length} rows of ${table} again`),
    ...documents.map(({ what, id, rootKey }) =>
      rootKey === undefined ? `hide document ${what} ${id}` : `build document ${what} ${id} again`,
    ),
  ];
}

/** Reading the row again alone would not mend it. */
const isMended = (kind: Difference['kind']): boolean => kind === 'link' || kind === 'history';

async function touch(side: CopySide, { id, kind, position, absentAt }: Difference): Promise<void> {
  if (kind === 'position') await side.lower(id, position!);
  else if (isMended(kind)) await side.mend?.(id);
  else if (absentAt !== undefined) await side.remove?.(id, snapshotPosition(lsn(absentAt)));
}

/** Lets capture read rows by key, and waits until what it read is in the log. */
async function reread(options: VerifyOptions, table: string, keys: readonly KeyText[]): Promise<void> {
  const { config, kafka, signal, clock = systemClock } = options;
  const { topicPrefix, replicationFactor } = config.kafka;
  const [capture] = captureParts(config);
  const control = new CaptureControl({ kafka, topicPrefix, replicationFactor, clock });
  for (let start = 0; start < keys.length; start += MAX_KEYS) {
    const id = `verify-${randomUUID()}`;
    const wanted = { type: 'snapshot' as const, id, table, keys: keys.slice(start, start + MAX_KEYS) };
    const answer = await control.send(capture!, wanted, SIGNAL_TIMEOUT_MS, signal);
    if (answer.outcome !== 'applied') throw failed(table, 'reason' in answer ? answer.reason : answer.outcome);
    const endMs = clock.now() + READ_TIMEOUT_MS;
    for (;;) {
      const { stored } = await control.look(capture!, signal);
      if (!stored?.snapshots.some((snapshot) => snapshot.id === id)) break;
      if (clock.now() >= endMs) throw failed(table, `they were not read within ${READ_TIMEOUT_MS / 60_000} minutes`);
      await clock.sleep(LOOK_MS, signal);
    }
  }
}

function failed(table: string, reason: string | null): SluiceError {
  return new SluiceError(
    'VERIFY_REPAIR_FAILED',
    `Rows of ${table} were not read again: ${reason ?? 'no reason given'}.`,
  );
}

async function audit({ config, kafka, signal }: VerifyOptions, differences: readonly Difference[]): Promise<void> {
  const log = new AuditLog(kafka, config.consumers.groupPrefix, config.kafka.replicationFactor);
  try {
    const at = new Date().toISOString();
    const by = operatorName();
    for (let start = 0; start < differences.length; start += AUDITED_AT_ONCE) {
      const things = differences
        .slice(start, start + AUDITED_AT_ONCE)
        .map(({ what, id, kind }) => ({ what, id, kind }));
      await log.write<RepairAudit>({ action: 'verify-repair', by, at, things }, signal);
    }
  } finally {
    await log.close();
  }
}
