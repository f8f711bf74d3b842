import { describe, expect, test } from 'vitest';
import {
  decrementLsn,
  formatLsn,
  lsn,
  lsnFromBuffer,
  lsnFromNumeric,
  lsnToBuffer,
  ZERO_LSN,
} from '#connectors/sqlserver/lsn.ts';

describe('log sequence numbers', () => {
  const value = lsn('0000002400000d980036');

  test('go between the forms SQL Server, Debezium and the views use', () => {
    expect(lsnFromBuffer(lsnToBuffer(value))).toBe(value);
    expect(formatLsn(value)).toBe('00000024:00000d98:0036');
    // vlf 0x24 = 36, block 0xd98 = 3480, slot 0x36 = 54
    expect(lsnFromNumeric('36000000348000054')).toBe(value);
  });

  test('count down across parts and stop at zero', () => {
    expect(decrementLsn(lsn('00000025000000000000'))).toBe('00000024ffffffffffff');
    expect(decrementLsn(ZERO_LSN)).toBe(ZERO_LSN);
  });

  test('refuse what is no LSN', () => {
    expect(() => lsn('24:d98:36')).toThrow(TypeError);
    expect(() => lsnFromBuffer(Buffer.alloc(8))).toThrow(/10 bytes/);
  });
});
