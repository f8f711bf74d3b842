import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { envelopeSchema } from '#schemas/avroBuilder.ts';
import { compileAvro } from '#schemas/avroType.ts';
import { columnDefault } from '#schemas/columnDefault.ts';
import { bytesToDecimal } from '#schemas/decimal.ts';
import type { ColumnShape } from '#schemas/tableShape.ts';

const TYPES = [
  'bit',
  'int',
  'bigint',
  'float',
  'decimal',
  'money',
  'varchar',
  'nchar',
  'varbinary',
  'date',
  'datetime',
  'datetime2',
];

const column = (sqlType: string, defaultText: string, nullable: boolean): ColumnShape => ({
  name: 'C',
  sqlType,
  nullable,
  precision: 18,
  scale: 3,
  defaultText,
});

/** Texts that look like what a server may keep, and some that do not. */
const definition = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.string({ unit: fc.constantFrom('(', ')', "'", '-', '.', '1', '0', 'x', 'N', 'e', ' '), maxLength: 14 }),
  fc.double().map((n) => `((${n}))`),
  fc.string({ maxLength: 10 }).map((text) => `(N'${text.replaceAll("'", "''")}')`),
  fc.date({ noInvalidDate: true }).map((date) => `('${date.toISOString().slice(0, 23)}')`),
);

describe('any default expression', () => {
  test('gives a schema that can be used, with it or without', () => {
    fc.assert(
      fc.property(fc.constantFrom(...TYPES), definition, fc.boolean(), (sqlType, text, nullable) => {
        const shape = {
          database: 'D',
          schema: 's',
          name: 'T',
          keyColumns: [],
          columns: [column(sqlType, text, nullable)],
        };
        expect(() => compileAvro(JSON.parse(JSON.stringify(envelopeSchema('p', shape))))).not.toThrow();
      }),
      { numRuns: 2000 },
    );
  });

  test('of a number or a text comes back as it was', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }),
        fc.string(),
        fc.integer({ min: 0, max: 3 }),
        (n, text, parentheses) => {
          const wrapped = (inner: string): string => '('.repeat(parentheses) + inner + ')'.repeat(parentheses);
          const unscaled = String(n < 0n ? -n : n).padStart(4, '0');
          const decimal = `${n < 0n ? '-' : ''}${unscaled.slice(0, -3)}.${unscaled.slice(-3)}`;
          const bytes = columnDefault(column('decimal', wrapped(decimal), true)) as string;
          expect(bytesToDecimal(Buffer.from(bytes, 'latin1'), 3)).toBe(decimal.replace(/^-0\.000$/, '0.000'));
          expect(columnDefault(column('bigint', wrapped(String(n)), true))).toBe(Number(n));
          expect(columnDefault(column('nvarchar', wrapped(`N'${text.replaceAll("'", "''")}'`), true))).toBe(text);
        },
      ),
      { numRuns: 1000 },
    );
  });
});
