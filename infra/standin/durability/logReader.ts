import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { FILE_HEAD, FRAME_HEAD_BYTES, isWhole, readHead } from './frame.ts';

/** Bytes read at a time; a longer record is read on its own. */
const CHUNK_BYTES = 4 * 1024 * 1024;

/** A log file that this version cannot read. */
export class LogFormatError extends Error {
  override readonly name = 'LogFormatError';
}

/**
 * Reads the records of a log file in order, up to the first that is cut off or damaged: what follows was never acknowledged. Each record is a
 * buffer of its own. Returns the number of good bytes, where writing goes on. Throws `LogFormatError` for a file of another format.
 */
export function readLog(file: string, each: (record: Buffer) => void): number {
  const fd = openSync(file, 'r');
  try {
    const { size } = fstatSync(fd);
    const head = read(fd, 0, FILE_HEAD.length);
    if (head.length < FILE_HEAD.length && FILE_HEAD.subarray(0, head.length).equals(head)) return 0;
    if (!head.equals(FILE_HEAD)) throw new LogFormatError(`${file}: not a log of this version of the stand-in`);
    let good = FILE_HEAD.length;
    let chunk = read(fd, good, CHUNK_BYTES);
    let at = 0;
    for (;;) {
      const next = readHead(chunk, at);
      if (next === null || at + FRAME_HEAD_BYTES + next.length > chunk.length) {
        const wanted = FRAME_HEAD_BYTES + (next?.length ?? 0);
        // A damaged length must not make us ask for more than there is.
        if (good + wanted > size) return good;
        if (at === 0 && chunk.length >= wanted) return good;
        chunk = read(fd, good, Math.max(CHUNK_BYTES, wanted));
        at = 0;
        if (chunk.length < wanted) return good;
        continue;
      }
      const start = at + FRAME_HEAD_BYTES;
      const record = Buffer.from(chunk.subarray(start, start + next.length));
      if (!isWhole(next, record)) return good;
      each(record);
      at = start + next.length;
      good += FRAME_HEAD_BYTES + next.length;
    }
  } finally {
    closeSync(fd);
  }
}

function read(fd: number, position: number, bytes: number): Buffer {
  const buffer = Buffer.allocUnsafe(bytes);
  let filled = 0;
  while (filled < bytes) {
    const count = readSync(fd, buffer, filled, bytes - filled, position + filled);
    if (count === 0) break;
    filled += count;
  }
  return buffer.subarray(0, filled);
}
