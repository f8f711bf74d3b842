import { crc32 } from 'node:zlib';

/** The first bytes of a log file: what it is, and the version of what its records look like. */
export const FILE_HEAD: Buffer = Buffer.from('STANDIN LOG 1\n', 'latin1');
/** In front of every record: its length and its CRC-32, four bytes each, big-endian. */
export const FRAME_HEAD_BYTES = 8;

/** A record as it stands in the file: length, CRC-32 of the record, the record. */
export function frame(record: Buffer): Buffer {
  const framed = Buffer.allocUnsafe(FRAME_HEAD_BYTES + record.length);
  framed.writeUInt32BE(record.length, 0);
  framed.writeUInt32BE(crc32(record), 4);
  record.copy(framed, FRAME_HEAD_BYTES);
  return framed;
}

/** What a frame's head says of the record behind it. */
export interface FrameHead {
  readonly length: number;
  readonly crc: number;
}

/** Reads the head of a frame at `at`; null when the bytes end before it does. */
export function readHead(bytes: Buffer, at: number): FrameHead | null {
  if (at + FRAME_HEAD_BYTES > bytes.length) return null;
  return { length: bytes.readUInt32BE(at), crc: bytes.readUInt32BE(at + 4) };
}

/** Whether these bytes are the record the head was written for. An empty record is none: files are filled up with zeros by some crashes. */
export function isWhole(head: FrameHead, record: Buffer): boolean {
  return head.length > 0 && record.length === head.length && crc32(record) === head.crc;
}
