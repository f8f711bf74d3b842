import { dirtyTopic, LANES, type Lane } from '#consumers/rows/marks.ts';
import type { Clock } from '#infra/runtime/clock.ts';
import type { DocumentDefinition } from '#infra/runtime/config/catalog.ts';

/** A lane of marks with the group that reads it. */
export interface LaneGroup {
  readonly lane: Lane;
  readonly groupId: string;
  readonly topic: string;
}

/** Group of stage 2 for one version of a document type: each version writes an index of its own, so it reads the marks by itself. */
function catalogGroup(
  groupPrefix: string,
  { type, version }: Pick<DocumentDefinition, 'type' | 'version'>,
  lane: Lane = 'fast',
): string {
  return `${groupPrefix}.catalog.${type}.v${version}${lane === 'wide' ? '.wide' : ''}`;
}

/** The groups of stage 2 for one version of a document type, one a lane. */
export function catalogLanes(
  groupPrefix: string,
  definition: Pick<DocumentDefinition, 'type' | 'version'>,
): readonly LaneGroup[] {
  return LANES.map((lane) => ({
    lane,
    groupId: catalogGroup(groupPrefix, definition, lane),
    topic: dirtyTopic(groupPrefix, definition.type, lane),
  }));
}

/** Longest wait of the wide lane for its turn: then it does one piece of work beside the fast one, so that it never stands still. */
const MOST_WAIT_MS = 200;
const LOOK_MS = 5;

/** Lets the wide lane of a process work while its fast lane has nothing in hand, or else in small turns. */
export class LaneGate {
  readonly #clock: Clock;
  #fast = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Runs work of the fast lane. */
  async fast<T>(work: () => Promise<T>): Promise<T> {
    this.#fast += 1;
    try {
      return await work();
    } finally {
      this.#fast -= 1;
    }
  }

  /** Resolves when the wide lane may do one piece of work. */
  async wideTurn(signal: AbortSignal): Promise<void> {
    for (let waitedMs = 0; this.#fast > 0 && waitedMs < MOST_WAIT_MS; waitedMs += LOOK_MS)
      await this.#clock.sleep(LOOK_MS, signal);
  }
}
