import { type Position, parsePosition } from '#connectors/capture/position.ts';
import type { ChangeEvent } from '#connectors/capture/types.ts';

/** Rows of the change table that one change stands for: an update has two. */
const UPDATE_ROWS = 2;
const ROWS = { c: 1, d: 1, u: UPDATE_ROWS } as const;

/**
 * Debezium's `event_serial_no`: counts the rows of the change table that share one commit LSN and one change LSN, so an update is 2, and the
 * insert of a key update that SQL Server logged as delete and insert is 2 as well. A key update that was logged as an update gives its two
 * records the same number.
 */
export class SerialNumbers {
  #place = '';
  #serial = 0;

  /** Goes on after the change at this position, which may lie between the two changes of one change LSN. */
  constructor(after: Position | null) {
    if (after === null) return;
    const { commitLsn, changeLsn, op } = parsePosition(after);
    if (op === 0 || op === 9) return;
    this.#place = commitLsn + changeLsn;
    this.#serial = op >= 3 ? 2 : 1;
  }

  /** The number of the next change; null for a row of a snapshot. */
  next(event: ChangeEvent): bigint | null {
    if (event.op === 'r' || event.changeLsn === null) return null;
    const place = event.commitLsn + event.changeLsn;
    const rows = event.moved?.logged === 'update' ? UPDATE_ROWS : ROWS[event.op];
    if (place !== this.#place) this.#serial = rows;
    else if (event.moved?.logged !== 'update') this.#serial += rows;
    this.#place = place;
    return BigInt(this.#serial);
  }

  /** Gives a function that takes everything back that is counted from now on. */
  checkpoint(): () => void {
    const [place, serial] = [this.#place, this.#serial];
    return () => {
      this.#place = place;
      this.#serial = serial;
    };
  }
}
