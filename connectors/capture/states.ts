/**
 * What a capture and each of its tables can be in, what can happen to them, and what follows: the tables of SPEC.md as values. The engine
 * asks `next` before it changes anything, so a step that is not foreseen is an error and not a surprise.
 */

/** What the capture is doing. */
export type CaptureStateName =
  | 'starting'
  | 'snapshotting'
  | 'streaming'
  | 'paused'
  | 'waiting'
  | 'standby'
  | 'completed'
  | 'stopped'
  | 'failed';

export type CaptureEventName =
  | 'opened'
  | 'all_read'
  | 'read_wanted'
  | 'pause'
  | 'resume'
  | 'interrupted'
  | 'retry'
  | 'lease_lost'
  | 'lease_won'
  | 'nothing_left'
  | 'gave_up'
  | 'stop';

/** What a table is doing. `snapshotting` may stand behind the others, too. */
export type TableStateName = 'snapshotting' | 'streaming' | 'behind' | 'held' | 'stopped' | 'left_out';

/**
 * What can happen to a table; `…_behind` and `…_reading` are the same for a table that stands behind, or whose snapshot is not done, `…_in_place`
 * for one that stands where the others do.
 */
export type TableEventName =
  | 'snapshot_done'
  | 'snapshot_done_behind'
  | 'snapshot_wanted'
  | 'lost'
  | 'caught_up'
  | 'hold'
  | 'stop'
  | 'resume_catch_up'
  | 'resume_in_place'
  | 'resume_reading'
  | 'resume_snapshot'
  | 'left_out'
  | 'configured'
  | 'configured_reading';

export type Transitions<State extends string, Event extends string> = {
  readonly [S in State]: { readonly [E in Event]: State | 'ignored' | 'error' };
};

const ENDED = {
  opened: 'error',
  all_read: 'error',
  read_wanted: 'error',
  pause: 'ignored',
  resume: 'ignored',
  interrupted: 'ignored',
  retry: 'error',
  lease_lost: 'ignored',
  lease_won: 'ignored',
  nothing_left: 'ignored',
  gave_up: 'ignored',
  stop: 'ignored',
} as const;

const RUNNING = {
  opened: 'error',
  pause: 'paused',
  resume: 'ignored',
  interrupted: 'waiting',
  retry: 'error',
  lease_lost: 'standby',
  lease_won: 'ignored',
  nothing_left: 'completed',
  gave_up: 'failed',
  stop: 'stopped',
} as const;

const IDLE = {
  opened: 'error',
  all_read: 'error',
  read_wanted: 'error',
  pause: 'error',
  resume: 'error',
  nothing_left: 'error',
  gave_up: 'failed',
  stop: 'stopped',
} as const;

/** `opened` leads to `snapshotting`; `all_read` follows at once when nothing is to be read, `pause` when the stored state says so. */
export const CAPTURE_TRANSITIONS: Transitions<CaptureStateName, CaptureEventName> = {
  starting: {
    ...IDLE,
    opened: 'snapshotting',
    interrupted: 'waiting',
    retry: 'error',
    lease_lost: 'standby',
    lease_won: 'ignored',
  },
  snapshotting: { ...RUNNING, all_read: 'streaming', read_wanted: 'ignored' },
  streaming: { ...RUNNING, all_read: 'ignored', read_wanted: 'snapshotting' },
  paused: {
    ...RUNNING,
    pause: 'ignored',
    resume: 'snapshotting',
    all_read: 'ignored',
    read_wanted: 'ignored',
    nothing_left: 'error',
  },
  waiting: { ...IDLE, interrupted: 'ignored', retry: 'starting', lease_lost: 'standby', lease_won: 'ignored' },
  standby: { ...IDLE, interrupted: 'ignored', retry: 'error', lease_lost: 'ignored', lease_won: 'starting' },
  completed: ENDED,
  stopped: ENDED,
  failed: ENDED,
};

export const TABLE_TRANSITIONS: Transitions<TableStateName, TableEventName> = {
  /** Its rows are being read (or wait to be), its changes are streamed all the same. */
  snapshotting: {
    snapshot_done: 'streaming',
    snapshot_done_behind: 'behind',
    snapshot_wanted: 'snapshotting',
    lost: 'snapshotting',
    caught_up: 'ignored',
    hold: 'held',
    stop: 'stopped',
    resume_catch_up: 'ignored',
    resume_in_place: 'ignored',
    resume_reading: 'ignored',
    resume_snapshot: 'snapshotting',
    left_out: 'left_out',
    configured: 'ignored',
    configured_reading: 'ignored',
  },
  streaming: {
    snapshot_done: 'error',
    snapshot_done_behind: 'error',
    snapshot_wanted: 'snapshotting',
    lost: 'snapshotting',
    caught_up: 'ignored',
    hold: 'held',
    stop: 'stopped',
    resume_catch_up: 'ignored',
    resume_in_place: 'ignored',
    resume_reading: 'ignored',
    resume_snapshot: 'snapshotting',
    left_out: 'left_out',
    configured: 'ignored',
    configured_reading: 'ignored',
  },
  /** It has a place of its own and is read from there until it reaches the common one. */
  behind: {
    snapshot_done: 'error',
    snapshot_done_behind: 'error',
    snapshot_wanted: 'snapshotting',
    lost: 'snapshotting',
    caught_up: 'streaming',
    hold: 'held',
    stop: 'stopped',
    resume_catch_up: 'ignored',
    resume_in_place: 'ignored',
    resume_reading: 'ignored',
    resume_snapshot: 'snapshotting',
    left_out: 'left_out',
    configured: 'ignored',
    configured_reading: 'ignored',
  },
  /** Not read, waiting for a cause to go away by itself. `lost` leaves it held: it will be read again when it goes on. */
  held: {
    snapshot_done: 'error',
    snapshot_done_behind: 'error',
    snapshot_wanted: 'held',
    lost: 'held',
    caught_up: 'error',
    hold: 'held',
    stop: 'stopped',
    resume_catch_up: 'behind',
    resume_in_place: 'streaming',
    resume_reading: 'snapshotting',
    resume_snapshot: 'snapshotting',
    left_out: 'left_out',
    configured: 'ignored',
    configured_reading: 'ignored',
  },
  /** Not read, waiting for a person. */
  stopped: {
    snapshot_done: 'error',
    snapshot_done_behind: 'error',
    snapshot_wanted: 'stopped',
    lost: 'stopped',
    caught_up: 'error',
    hold: 'ignored',
    stop: 'stopped',
    resume_catch_up: 'behind',
    resume_in_place: 'streaming',
    resume_reading: 'snapshotting',
    resume_snapshot: 'snapshotting',
    left_out: 'left_out',
    configured: 'ignored',
    configured_reading: 'ignored',
  },
  /** Not configured any more; its place is kept so that it can catch up should it come back. */
  left_out: {
    snapshot_done: 'error',
    snapshot_done_behind: 'error',
    snapshot_wanted: 'error',
    lost: 'ignored',
    caught_up: 'error',
    hold: 'error',
    stop: 'error',
    resume_catch_up: 'error',
    resume_in_place: 'error',
    resume_reading: 'error',
    resume_snapshot: 'error',
    left_out: 'ignored',
    configured: 'behind',
    configured_reading: 'snapshotting',
  },
};

/**
 * The state that follows.
 * @throws TypeError for a step that cannot be: a fault of the engine
 */
export function next<State extends string, Event extends string>(
  transitions: Transitions<State, Event>,
  from: State,
  event: Event,
): State {
  const to = transitions[from][event];
  if (to === 'error') throw new TypeError(`a capture cannot meet "${event}" while it is "${from}"`);
  return to === 'ignored' ? from : (to as State);
}
