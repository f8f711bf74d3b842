import { decrementLsn, incrementLsn, type Lsn, lsn, ZERO_LSN } from '#connectors/sqlserver/lsn.ts';

/**
 * Place of a change in the source's total order, as text whose order is that order:
 * `<commitLsn 20 hex><commandId 8 hex><changeLsn 20 hex><op 1 digit>`, 49 characters. The last digit is 0 for a row read by a snapshot
 * (with zeros before it, so that it comes before every change of its LSN), else CDC's operation: 1 delete, 2 insert, 4 update. 9 marks the
 * end of everything at that LSN.
 */
export type Position = string & { readonly __brand: 'Position' };

/** The parts of a position. */
export interface PositionParts {
  readonly commitLsn: Lsn;
  readonly commandId: number;
  readonly changeLsn: Lsn;
  /** 0 snapshot, 1 delete, 2 insert, 3 and 4 update, 9 end. */
  readonly op: number;
}

const PATTERN = /^[0-9a-f]{48}[0-9]$/;
const MAX_COMMAND = '7fffffff';

export function position({ commitLsn, commandId, changeLsn, op }: PositionParts): Position {
  return `${commitLsn}${commandId.toString(16).padStart(8, '0')}${changeLsn}${op}` as Position;
}

/** Where a snapshot row stands that shows the state at this LSN. */
export function snapshotPosition(commitLsn: Lsn): Position {
  return position({ commitLsn, commandId: 0, changeLsn: ZERO_LSN, op: 0 });
}

/** After every change of this LSN, before every change of a later one. */
export function endOf(commitLsn: Lsn): Position {
  return `${commitLsn}${MAX_COMMAND}${'f'.repeat(20)}9` as Position;
}

/** @throws TypeError when the text is no position */
export function parsePosition(text: string): PositionParts {
  if (!PATTERN.test(text)) throw new TypeError(`not a position: ${text.length} characters`);
  return {
    commitLsn: lsn(text.slice(0, 20)),
    commandId: Number.parseInt(text.slice(20, 28), 16),
    changeLsn: lsn(text.slice(28, 48)),
    op: Number(text[48]),
  };
}

/** The commit LSN of a position. */
export function commitLsnOf(value: Position): Lsn {
  return value.slice(0, 20) as Lsn;
}

/** Just before every change of this LSN. */
export function beforeLsn(commitLsn: Lsn): Position {
  return endOf(decrementLsn(commitLsn));
}

/** True when changes of the position's own LSN may still come after it. */
function isInside(value: Position): boolean {
  return value !== endOf(commitLsnOf(value));
}

/** The lowest LSN whose changes are needed to go on from here. */
export function neededFrom(value: Position): Lsn {
  return isInside(value) ? commitLsnOf(value) : incrementLsn(commitLsnOf(value));
}

export function laterOf(a: Position, b: Position): Position {
  return a < b ? b : a;
}
