/** How fast a job goes. */
export interface JobRate {
  readonly rows: number;
  /** About how many there are; null when it is not known. */
  readonly totalRows: number | null;
  /** Over the last half minute, at most since it began here. */
  readonly rowsPerSecond: number;
  /** Time it still needs at that rate, ms; null when it cannot be told. */
  readonly etaMs: number | null;
}

const WINDOW_MS = 30_000;
const TELL_EVERY_MS = 10_000;

interface Meter {
  rows: number;
  told: number;
  /** [time, rows written until then], oldest first, not older than the window but for one. */
  readonly marks: { readonly atMs: number; readonly rows: number }[];
}

/** Measures how fast snapshots go. */
export class SnapshotRates {
  readonly #now: () => number;
  readonly #meters = new Map<string, Meter>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** A job begins, or goes on, with this many rows already written. */
  begin(job: string, rows: number): void {
    const atMs = this.#now();
    this.#meters.set(job, { rows, told: atMs, marks: [{ atMs, rows }] });
  }

  end(job: string): void {
    this.#meters.delete(job);
  }

  /** Rows were written; true when it is time to tell of the progress again. */
  wrote(job: string, rows: number): boolean {
    const meter = this.#meters.get(job);
    if (!meter) return false;
    const atMs = this.#now();
    meter.rows += rows;
    meter.marks.push({ atMs, rows: meter.rows });
    while (meter.marks.length > 2 && meter.marks[1]!.atMs < atMs - WINDOW_MS) meter.marks.shift();
    if (atMs - meter.told < TELL_EVERY_MS) return false;
    meter.told = atMs;
    return true;
  }

  /** Null for a job that is not running. */
  of(job: string, totalRows: number | null): JobRate | null {
    const meter = this.#meters.get(job);
    if (!meter) return null;
    const [first] = meter.marks;
    const seconds = (this.#now() - first!.atMs) / 1000;
    const rowsPerSecond = seconds <= 0 ? 0 : Math.round((meter.rows - first!.rows) / seconds);
    const left = totalRows === null ? null : Math.max(0, totalRows - meter.rows);
    const etaMs = left === null || rowsPerSecond === 0 ? null : Math.round((left / rowsPerSecond) * 1000);
    return { rows: meter.rows, totalRows, rowsPerSecond, etaMs };
  }
}
