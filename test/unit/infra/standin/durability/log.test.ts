import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FILE_HEAD, FRAME_HEAD_BYTES, frame } from '#infra/standin/durability/frame.ts';
import { LogFormatError, readLog } from '#infra/standin/durability/logReader.ts';
import { LogWriter } from '#infra/standin/durability/logWriter.ts';
import { tempFolder } from '#test/support/tempFolder.ts';

const RECORDS = ['a', 'bb', 'c'.repeat(70), '\u0000\u0000', 'last'];

function logOf(records: readonly string[]): { file: string; ends: number[] } {
  const file = join(tempFolder(), 'x.log');
  let bytes = FILE_HEAD;
  const ends = [bytes.length];
  for (const record of records) {
    bytes = Buffer.concat([bytes, frame(Buffer.from(record))]);
    ends.push(bytes.length);
  }
  writeFileSync(file, bytes);
  return { file, ends };
}

function read(file: string): { records: string[]; good: number } {
  const records: string[] = [];
  const good = readLog(file, (record) => records.push(record.toString()));
  return { records, good };
}

const handlers = {
  onDurable: () => {},
  onFailure: (error: Error) => {
    throw error;
  },
};

describe('the log file', () => {
  it('cut off at any byte holds exactly the records that end before it', () => {
    const { file, ends } = logOf(RECORDS);
    const whole = readFileSync(file);
    for (let bytes = whole.length; bytes >= 0; bytes--) {
      truncateSync(file, bytes);
      const kept = ends.filter((end) => end <= bytes).length - 1;
      const { records, good } = read(file);
      expect(records).toEqual(RECORDS.slice(0, Math.max(kept, 0)));
      expect(good).toBe(kept < 0 ? 0 : ends[kept]);
    }
  });

  it('with any one byte wrong ends before the record that has it', () => {
    const { file, ends } = logOf(RECORDS);
    const whole = readFileSync(file);
    for (let at = FILE_HEAD.length; at < whole.length; at++) {
      const damaged = Buffer.from(whole);
      damaged[at] = damaged[at]! ^ 0x40;
      writeFileSync(file, damaged);
      const kept = ends.filter((end) => end <= at).length - 1;
      expect(read(file).records).toEqual(RECORDS.slice(0, kept));
    }
  });

  it('takes neither zeros nor an absurd length for records', () => {
    const { file, ends } = logOf(RECORDS);
    const whole = readFileSync(file);
    for (const tail of [Buffer.alloc(4096), Buffer.from('ffffffff00000000', 'hex')]) {
      writeFileSync(file, Buffer.concat([whole, tail]));
      expect(read(file)).toEqual({ records: RECORDS, good: ends.at(-1) });
    }
  });

  it('is refused when another format wrote it', () => {
    const file = join(tempFolder(), 'x.log');
    writeFileSync(file, 'something else altogether');
    expect(() => read(file)).toThrow(LogFormatError);
  });

  it('reads records larger than the piece it reads at a time', () => {
    const large = 'x'.repeat(9_000_000);
    const { file } = logOf(['a', large, 'b', large]);
    expect(read(file).records.map((record) => record.length)).toEqual([1, 9_000_000, 1, 9_000_000]);
  });

  it('goes on behind the good records and drops the torn tail', async () => {
    const { file, ends } = logOf(RECORDS);
    truncateSync(file, ends[3]! + FRAME_HEAD_BYTES + 1);
    const writer = new LogWriter(file, read(file).good, handlers);
    writer.append(Buffer.from('new'));
    expect(writer.durableCount).toBe(0);
    await writer.settled();
    expect(writer.durableCount).toBe(1);
    await writer.close();
    expect(read(file).records).toEqual([...RECORDS.slice(0, 3), 'new']);
    expect(statSync(file).size).toBe(ends[3]! + FRAME_HEAD_BYTES + 3);
  });

  it('keeps the order of records that are too many to wait for the disk', async () => {
    const { file } = logOf([]);
    const writer = new LogWriter(file, FILE_HEAD.length, handlers);
    const records = Array.from({ length: 40 }, (_, i) => String(i).padStart(500_000, '.'));
    for (const record of records) writer.append(Buffer.from(record));
    await writer.settled();
    await writer.close();
    expect(read(file).records).toEqual(records);
  });
});
