/**
 * Log sequence numbers. Inside the program a place in a database's log is an ordinal (1, 2, 3, …); outside it is binary(10), big-endian:
 * VLF sequence (4 bytes), log block (4 bytes), slot (2 bytes). The mapping keeps the order and never runs out of slots.
 */

const FIRST_VLF = 0x24;
const SLOTS_PER_BLOCK = 120;
const BLOCKS_PER_VLF = 1 << 20;
/** Log blocks are numbered in units of 512 bytes; this many units lie between two of ours. */
const BLOCK_STEP = 8;

interface LsnParts {
  readonly vlf: number;
  readonly block: number;
  readonly slot: number;
}

function partsOf(ordinal: number): LsnParts {
  const block = Math.floor(ordinal / SLOTS_PER_BLOCK);
  return {
    vlf: FIRST_VLF + Math.floor(block / BLOCKS_PER_VLF),
    block: 16 + (block % BLOCKS_PER_VLF) * BLOCK_STEP,
    slot: 1 + (ordinal % SLOTS_PER_BLOCK),
  };
}

/** The first ordinal of the virtual log file behind that of `ordinal`, less one. */
export function firstOfNextFile(ordinal: number): number {
  const perFile = SLOTS_PER_BLOCK * BLOCKS_PER_VLF;
  return (Math.floor(ordinal / perFile) + 1) * perFile;
}

export const LSN_BYTES = 10;
/** What fn_cdc_get_min_lsn answers for an unknown capture instance. */
export const ZERO_LSN: Buffer = Buffer.alloc(LSN_BYTES);

/** The binary(10) form of an ordinal. */
export function lsnBytes(ordinal: number): Buffer {
  const { vlf, block, slot } = partsOf(ordinal);
  const bytes = Buffer.allocUnsafe(LSN_BYTES);
  bytes.writeUInt32BE(vlf, 0);
  bytes.writeUInt32BE(block, 4);
  bytes.writeUInt16BE(slot, 8);
  return bytes;
}

/** The numeric(25,0) form the dynamic management views use: vlf x 10^15 + block x 10^5 + slot. */
export function lsnNumeric(ordinal: number): bigint {
  const { vlf, block, slot } = partsOf(ordinal);
  return BigInt(vlf) * 1_000_000_000_000_000n + BigInt(block) * 100_000n + BigInt(slot);
}

/** The text form of the dynamic management views: 8:8:4 hexadecimal digits. */
export function lsnText(ordinal: number): string {
  const hex = lsnBytes(ordinal).toString('hex');
  return `${hex.slice(0, 8)}:${hex.slice(8, 16)}:${hex.slice(16)}`;
}

/** The least ordinal whose binary form is not below `lsn`: where a search begins. */
export function ordinalAtOrAfter(lsn: Buffer): number {
  let lo = 0;
  let hi = Number.MAX_SAFE_INTEGER / 1024;
  while (lo < hi) {
    const mid = Math.floor((lo + hi) / 2);
    if (compareLsn(mid, lsn) < 0) lo = mid + 1;
    else hi = mid;
  }
  return lo;
}

function compareLsn(ordinal: number, lsn: Buffer): number {
  const { vlf, block, slot } = partsOf(ordinal);
  if (vlf > 0xffff_ffff) return 1;
  const padded = lsn.length >= LSN_BYTES ? lsn : Buffer.concat([lsn, Buffer.alloc(LSN_BYTES - lsn.length)]);
  return vlf - padded.readUInt32BE(0) || block - padded.readUInt32BE(4) || slot - padded.readUInt16BE(8);
}

/** The 80-bit number plus `step` (1 or -1), with carry; wraps around at the ends. */
export function stepLsn(lsn: Buffer, step: 1 | -1): Buffer {
  const next = BigInt.asUintN(80, BigInt(`0x${lsn.toString('hex') || '0'}`) + BigInt(step));
  return Buffer.from(next.toString(16).padStart(20, '0'), 'hex');
}
