/**
 * A log sequence number as 20 lower-case hexadecimal digits. SQL Server keeps it as binary(10), big-endian: VLF sequence (8 digits), log
 * block (8), slot (4). Fixed width makes text order the log's order, so `a < b` is right.
 */
export type Lsn = string & { readonly __brand: 'Lsn' };

const LSN_PATTERN = /^[0-9a-f]{20}$/;
/** Below every real LSN. */
export const ZERO_LSN = '0'.repeat(20) as Lsn;
/** Above every real LSN. */
export const MAX_LSN = 'f'.repeat(20) as Lsn;

/** @throws TypeError when the text is not 20 lower-case hexadecimal digits */
export function lsn(text: string): Lsn {
  if (!LSN_PATTERN.test(text)) throw new TypeError(`not an LSN: ${text.length} characters`);
  return text as Lsn;
}

/** From the driver's value of a binary(10) column. @throws TypeError unless it has 10 bytes */
export function lsnFromBuffer(bytes: Uint8Array): Lsn {
  if (bytes.length !== 10) throw new TypeError(`an LSN has 10 bytes, found ${bytes.length}`);
  return Buffer.from(bytes.buffer, bytes.byteOffset, 10).toString('hex') as Lsn;
}

/** As a binary(10) parameter. */
export function lsnToBuffer(value: Lsn): Buffer {
  return Buffer.from(value, 'hex');
}

/**
 * From the numeric(25,0) of the dynamic management views: vlf·10^15 + block·10^5 + slot.
 * Source: documentation of sys.dm_tran_database_transactions.
 */
export function lsnFromNumeric(text: string): Lsn {
  const value = BigInt(text);
  const hex = (part: bigint, digits: number): string => part.toString(16).padStart(digits, '0');
  const vlf = value / 1_000_000_000_000_000n;
  const block = (value / 100_000n) % 10_000_000_000n;
  return lsn(hex(vlf, 8) + hex(block, 8) + hex(value % 100_000n, 4));
}

/** As Debezium and the management views write it: `00000024:00000d98:0036`. */
export function formatLsn(value: Lsn): string {
  return `${value.slice(0, 8)}:${value.slice(8, 16)}:${value.slice(16)}`;
}

export function maxLsn(...values: readonly Lsn[]): Lsn {
  return [...values].sort().at(-1) ?? ZERO_LSN;
}

/** The next lower 80-bit value, which need not be a real LSN. */
export function decrementLsn(value: Lsn): Lsn {
  if (value === ZERO_LSN) return value;
  return (BigInt(`0x${value}`) - 1n).toString(16).padStart(20, '0') as Lsn;
}

/** The next higher 80-bit value, which need not be a real LSN. */
export function incrementLsn(value: Lsn): Lsn {
  if (value === MAX_LSN) return value;
  return (BigInt(`0x${value}`) + 1n).toString(16).padStart(20, '0') as Lsn;
}
