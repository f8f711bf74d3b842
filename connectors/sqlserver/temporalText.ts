/** The way back from temporal.ts: numbers as texts the server reads exactly (CONVERT style 121). */

const TICKS_PER_SECOND = 10_000_000n;
const TICKS_PER_DAY = 86_400n * TICKS_PER_SECOND;

const two = (value: bigint | number): string => String(value).padStart(2, '0');

/** `2026-01-02` of days since 1970. */
export function dateText(days: number): string {
  const date = new Date(days * 86_400_000);
  return `${String(date.getUTCFullYear()).padStart(4, '0')}-${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())}`;
}

/** `2026-01-02 03:04:05.123` of 100-nanosecond units since 1970, with `digits` decimals (0 to 7). */
export function ticksText(ticks: bigint, digits: number): string {
  const inDay = ((ticks % TICKS_PER_DAY) + TICKS_PER_DAY) % TICKS_PER_DAY;
  return `${dateText(Number((ticks - inDay) / TICKS_PER_DAY))} ${clockText(inDay, digits)}`;
}

/** `03:04:05.123` of a time of day as temporal.ts gives it for a `time` of this scale: ms to scale 3, µs to 6, then ns. */
export function timeText(units: number | bigint, scale: number): string {
  const value = BigInt(units);
  return clockText(scale <= 3 ? value * 10_000n : scale <= 6 ? value * 10n : value / 100n, scale);
}

function clockText(ticks: bigint, digits: number): string {
  const seconds = ticks / TICKS_PER_SECOND;
  const clock = `${two(seconds / 3600n)}:${two((seconds / 60n) % 60n)}:${two(seconds % 60n)}`;
  const fraction = String(ticks % TICKS_PER_SECOND)
    .padStart(7, '0')
    .slice(0, digits);
  return digits === 0 ? clock : `${clock}.${fraction}`;
}
