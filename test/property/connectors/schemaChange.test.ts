import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { commitLsnOf, endOf, type Position } from '#connectors/capture/position.ts';
import { type PlannedSegment, planSegments, withoutPassed } from '#connectors/capture/schemaPlan.ts';
import { segmentRanges } from '#connectors/capture/schemaSegments.ts';
import type { Lsn } from '#connectors/sqlserver/lsn.ts';
import type { CaptureInstance } from '#connectors/sqlserver/metadata.ts';
import { FakeDdlSource, toLsn } from '#test/support/fakeDdlSource.ts';

type Step =
  | { readonly do: 'change' | 'instance' | 'restart' | 'retire' }
  | { readonly do: 'capture' | 'read'; readonly count: number }
  | { readonly do: 'add' | 'drop' | 'retype' | 'tighten' | 'loosen'; readonly pick: number };

const steps = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.constant<Step>({ do: 'change' }) },
    { weight: 6, arbitrary: fc.record({ do: fc.constant('capture' as const), count: fc.integer({ min: 1, max: 6 }) }) },
    { weight: 6, arbitrary: fc.record({ do: fc.constant('read' as const), count: fc.integer({ min: 1, max: 5 }) }) },
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constantFrom('add' as const, 'drop' as const, 'retype' as const, 'tighten' as const, 'loosen' as const),
        pick: fc.nat(20),
      }),
    },
    { weight: 3, arbitrary: fc.constantFrom<Step>({ do: 'instance' }, { do: 'retire' }) },
    { weight: 1, arbitrary: fc.constant<Step>({ do: 'restart' }) },
  ),
  { minLength: 5, maxLength: 120 },
);

/** A change as it was read: where, through what, with which columns. */
interface Seen {
  readonly commit: Lsn;
  readonly instance: CaptureInstance;
  /** Nothing was forgotten since the definition began that it shows. */
  readonly remembered: boolean;
}

/** Reads as the session does: everything captured first, then the catalog, then a window up to what was captured. */
class Reader {
  readonly source: FakeDdlSource;
  readonly seen: Seen[] = [];
  position: Position = endOf(toLsn(0));
  segments: readonly PlannedSegment[] = [];
  instanceName: string;
  #forgotAt = '';

  constructor(source: FakeDdlSource) {
    this.source = source;
    this.instanceName = source.catalog()[0]!.name;
    this.look();
  }

  look(): void {
    const plan = planSegments({
      position: this.position,
      candidates: this.source.catalog(),
      history: this.source.history(),
      planned: this.segments,
      instanceName: this.instanceName,
      take: 'complete',
    });
    expect(plan.gone).toBe(false);
    this.segments = plan.segments;
    this.instanceName = this.segments[0]!.instance.name;
  }

  read(commits: number): void {
    const to = this.source.captured;
    this.look();
    const tables = this.segments.map((s) => ({
      ...s,
      blocked: null,
      table: { id: 'dbo.T', database: 'DB', instance: s.instance },
    }));
    let left = commits;
    for (const range of segmentRanges(tables, this.position, to)) {
      for (const commit of this.source.read(range.table.instance.objectId, commitLsnOf(range.from), range.to)) {
        if (left-- === 0) return;
        this.seen.push({
          commit,
          instance: range.table.instance,
          remembered: this.#forgotAt === '' || commit > this.#forgotAt,
        });
        this.#passTo(commit);
      }
      this.#passTo(range.to);
    }
  }

  /** The process starts again: what it knew of the past is gone. */
  restart(): void {
    this.segments = [];
    this.#forgotAt = this.source.changes.at(-1)?.commit ?? '';
    this.look();
  }

  #passTo(commit: Lsn): void {
    this.position = endOf(commit);
    this.segments = withoutPassed(this.segments, this.position);
    this.instanceName = this.segments[0]!.instance.name;
  }
}

function run(list: readonly Step[]): Reader {
  const source = new FakeDdlSource([
    { name: 'ID', sqlType: 'int', nullable: false },
    { name: 'A', sqlType: 'int', nullable: true },
    { name: 'B', sqlType: 'int', nullable: false },
  ]);
  const reader = new Reader(source);
  let added = 0;
  const pickable = (pick: number) => {
    const others = source.columns.filter((c) => c.name !== 'ID');
    return others[pick % Math.max(1, others.length)];
  };
  for (const step of list) {
    if (step.do === 'change') source.change();
    else if (step.do === 'capture') source.capture(step.count);
    else if (step.do === 'read') reader.read(step.count);
    else if (step.do === 'restart') reader.restart();
    else if (step.do === 'instance') {
      if (source.instanceCount < 2) source.createInstance();
    } else if (step.do === 'retire') source.dropOlder(reader.segments[0]?.instance.objectId ?? 0);
    else if (step.do === 'add') source.add(`C${added++}`);
    else if ('pick' in step) {
      const column = pickable(step.pick);
      if (!column) continue;
      if (step.do === 'drop') source.drop(column.name);
      else if (step.do === 'retype') source.alter(column.name, { sqlType: 'bigint', nullable: column.nullable });
      else source.alter(column.name, { sqlType: column.sqlType, nullable: step.do === 'loosen' });
    }
  }
  source.capture(1000);
  for (let i = 0; i < 200 && reader.position < endOf(source.captured); i++) reader.read(7);
  return reader;
}

function check({ source, seen }: Reader): void {
  expect(seen.map((s) => s.commit)).toEqual(source.changes.map((c) => c.commit));
  for (const [i, { commit, instance, remembered }] of seen.entries()) {
    const then = new Map(source.changes[i]!.columns.map((c) => [c.name, c]));
    const captured = source.everyInstance.find((e) => e.name === instance.name)!;
    const names = instance.columns.map((c) => c.name);
    expect(names, `columns at ${commit}`).toEqual(captured.names.filter((name) => then.has(name)));
    for (const column of instance.columns) {
      const { sqlType, nullable } = then.get(column.name)!;
      // What was forgotten, or altered before its first look, may show a later type, never lose a NULL.
      if (remembered && !column.uncertain)
        expect([column.sqlType, column.nullable], `${column.name} at ${commit}`).toEqual([sqlType, nullable]);
      else if (nullable) expect(column.nullable || column.uncertain, `${column.name} at ${commit}`).toBe(true);
    }
  }
  // From the start of a newer instance on, every change came through it, unless an even newer one had begun.
  for (const { commit, instance } of seen) {
    const due = source.everyInstance.filter((e) => e.startLsn <= commit).at(-1)!;
    const isComplete = seen.length > 0 && instance.name === due.name;
    const present = source.changes.find((c) => c.commit === commit)!.columns.map((c) => c.name);
    const used = source.everyInstance.find((e) => e.name === instance.name)!;
    const lacks = used.names.filter((n) => present.includes(n) && !due.names.includes(n));
    if (lacks.length === 0) expect(isComplete, `${commit} came through ${instance.name}, not ${due.name}`).toBe(true);
  }
}

/** How much longer than in CI: SLUICE_PROPERTY_RUNS=50 gives 50 times as many. */
const LONGER = Number(process.env['SLUICE_PROPERTY_RUNS'] ?? 1);

describe('a table whose definition changes while it is read', () => {
  test('each change is read once, in order, with the columns of its time, through the newest instance that began', {
    timeout: 60_000 * LONGER,
  }, () => {
    fc.assert(
      fc.property(steps, (list) => check(run(list))),
      { numRuns: 2000 * LONGER },
    );
  });
});
