import type { ProgressRecord } from '#schemas/progressRecord.ts';

/** topic/partition → offset. */
export type Offsets = ReadonlyMap<string, bigint>;

/** Groups that work on topics; records of one stage are followed by records of the next before their offsets count as passed. */
export interface Stage {
  readonly reads: readonly { readonly groupId: string; readonly topics: readonly string[] }[];
  /** Its groups may write to their own topics: the ends are asked for again until nothing new stands there. */
  readonly drains?: boolean;
}

/** What a copy is made by, in flow order. The first stage reads what capture writes. */
export interface CopySpec {
  readonly name: string;
  readonly stages: readonly Stage[];
}

/** What a goal's promise is about. */
export interface Promised {
  readonly position: string;
  readonly sourceTimeMs: number | null;
}

/** A promise of capture with the ends of a stage's topics that were asked for after it. */
interface Goal extends Promised {
  readonly ends: Offsets;
}

/**
 * Goals that wait at one stage. Of more, every second one is given up, never the oldest: a copy that lags far behind goes on in larger steps, and
 * goals that are never reached (their topic was made anew) keep none away that is.
 */
const MAX_GOALS = 32;

/**
 * How far one copy has come. A promise of capture ("everything up to here is in the topics") is taken first, *then* the ends of the topics: when
 * the groups have handled everything before those ends, they have handled everything up to there. For a stage that reads what the stage
 * before wrote, the ends are asked for after that one has passed. Pure: who asks for ends and offsets is the loop.
 */
export class CopyTracker {
  readonly spec: CopySpec;
  /** By stage; oldest first. */
  readonly #goals: Goal[][];
  /** Promises that have reached a stage and wait for its ends to be asked for. */
  readonly #entering: (Promised | null)[];
  #newest: Promised | null = null;

  constructor(spec: CopySpec) {
    this.spec = spec;
    this.#goals = spec.stages.map(() => []);
    this.#entering = spec.stages.map(() => null);
  }

  /** Takes capture's newest promises. One that does not speak of all topics of the copy is none. */
  promised(records: readonly ProgressRecord[]): void {
    const wanted = this.topics(0);
    const record = records.find(({ topics }) => wanted.every((topic) => topics.includes(topic)));
    if (record === undefined) return;
    const { position, sourceTimeMs } = record;
    if (this.#newest?.position === position && this.#newest.sourceTimeMs === sourceTimeMs) return;
    this.#newest = { position, sourceTimeMs };
    this.#entering[0] = this.#newest;
  }

  topics(stage: number): string[] {
    return [...new Set(this.spec.stages[stage]!.reads.flatMap(({ topics }) => topics))];
  }

  /** Whether the ends of this stage's topics are wanted: they must be asked for from now on. */
  wantsEnds(stage: number): boolean {
    return (
      this.#entering[stage] !== null || (this.spec.stages[stage]!.drains === true && this.#goals[stage]!.length > 0)
    );
  }

  /** Whether it matters how far this stage's groups have come. */
  wantsOffsets(stage: number): boolean {
    return this.#goals[stage]!.length > 0;
  }

  /** `ends`: of all topics of the stage, asked for after `wantsEnds` said so. */
  ended(stage: number, ends: Offsets): void {
    const goals = this.#goals[stage]!;
    const entering = this.#entering[stage];
    if (!entering) return;
    if (goals.length >= MAX_GOALS) this.#goals[stage] = goals.filter((_, place) => place % 2 === 0);
    this.#goals[stage]!.push({ ...entering, ends });
    this.#entering[stage] = null;
  }

  /**
   * `isPassed`: whether the stage's groups have handled everything before such an end. `endsAfter`: for a stage that drains, the ends asked
   * for after that was seen. Gives the promise that the whole copy keeps now; null when the last stage passed none.
   */
  handled(stage: number, isPassed: (place: string, end: bigint) => boolean, endsAfter?: Offsets): Promised | null {
    const goals = this.#goals[stage]!;
    const reached = goals.findLastIndex(({ ends }) => [...ends].every(([place, end]) => isPassed(place, end)));
    if (reached < 0) return null;
    const goal = goals[reached]!;
    if (endsAfter !== undefined && [...endsAfter].some(([place, end]) => end > (goal.ends.get(place) ?? 0n))) {
      // What was written meanwhile may come from what was handled: it has to be handled too.
      goals.splice(0, reached + 1, { ...goal, ends: endsAfter });
      return null;
    }
    goals.splice(0, reached + 1);
    const promise = { position: goal.position, sourceTimeMs: goal.sourceTimeMs };
    if (stage === this.spec.stages.length - 1) return promise;
    this.#entering[stage + 1] = promise;
    return null;
  }

  /** The newest promise counts as news again, unless it is waited for. */
  forgetNewest(): void {
    if (this.#goals.every((goals) => goals.length === 0)) this.#newest = null;
  }

  /** The stores it was watching are others now: nothing that waits is worth anything. */
  forget(): void {
    for (const goals of this.#goals) goals.length = 0;
    this.#entering.fill(null);
    this.#newest = null;
  }
}
