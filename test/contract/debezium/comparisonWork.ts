import { generator } from './mixedChanges.ts';

/** Database of a batch, and its T-SQL. */
export interface Work {
  readonly database: 'Main' | 'Branch';
  readonly text: string;
}

/** Seeded transactions over the tables of comparison.sql: every kind of change, of every kind of table. */
export function comparisonWork(seed: number): () => Work {
  const random = generator(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  const pick = <T>(list: readonly T[]): T => list[below(list.length)]!;
  let nextId = 100;
  const someId = (): number => 1 + below(nextId < 130 ? 3 : nextId - 100) + (below(2) === 0 ? 0 : 99);
  const maybe = (text: string): string => (below(4) === 0 ? 'NULL' : text);
  const digits = (count: number): string => Array.from({ length: count }, () => below(10)).join('');
  const day = (): string => `${1990 + below(60)}-${pick(['01', '06', '12'])}-${pick(['01', '15', '28'])}`;
  const time = (fraction: number): string =>
    `${pick(['00', '09', '23'])}:${pick(['00', '30', '59'])}:${pick(['00', '07', '59'])}${fraction > 0 ? `.${digits(fraction)}` : ''}`;
  const hex = (bytes: number): string =>
    `0x${Array.from({ length: bytes }, () => pick(['00', '0a', '7f', 'ff'])).join('')}`;
  const words = (): string => pick(['', ' ', 'plain', 'żółw ☂', "it''s", 'a "quoted" \\ word', 'trailing  ', 'Ω😀']);

  /** Column → T-SQL of a value. */
  const ALL_TYPES: Readonly<Record<string, () => string>> = {
    ABit: () => String(below(2)),
    ABitNull: () => maybe(String(below(2))),
    ATiny: () => maybe(String(below(256))),
    ASmall: () => String(below(65_536) - 32_768),
    AnInt: () => maybe(String(below(2 ** 31) - 2 ** 30)),
    ABig: () => maybe(pick(['9223372036854775807', '-9223372036854775808', '0', digits(17)])),
    AReal: () => maybe(pick(['0', '-1.5', '3.402823E38', '1E-10'])),
    AFloat: () => maybe(pick(['0', '-1.5', '1.7976931348623157E308', '0.1'])),
    ADecimal: () => maybe(`${pick(['', '-'])}${below(999_999)}.${digits(3)}`),
    ADecimalNotNull: () => `${pick(['', '-'])}${digits(14)}.${digits(6)}`,
    ANumeric: () => maybe(`${pick(['', '-'])}${digits(38)}`),
    AMoney: () => maybe(pick(['922337203685477.5807', '-922337203685477.5808', `${below(1000)}.${digits(4)}`])),
    ASmallMoney: () => pick(['214748.3647', '-214748.3648', `${below(1000)}.${digits(4)}`]),
    AChar: () => maybe(`'${pick(['', 'a', 'abcde'])}'`),
    AVarchar: () => maybe(`'${pick(['', 'plain', "it''s"])}'`),
    AnNchar: () => maybe(`N'${pick(['', 'ż', 'abcd'])}'`),
    AnNvarchar: () => `N'${words()}'`,
    AGuid: () => maybe('NEWID()'),
    ABinary: () => maybe(hex(4)),
    AVarbinary: () => maybe(hex(below(9))),
    ADate: () => maybe(`'${day()}'`),
    ATime0: () => maybe(`'${time(0)}'`),
    ATime3: () => maybe(`'${time(3)}'`),
    ATime6: () => maybe(`'${time(6)}'`),
    ATime7: () => maybe(`'${time(7)}'`),
    ADatetime: () => maybe(`'${day()} ${time(3)}'`),
    ASmallDatetime: () => maybe(`'${day()} ${time(0)}'`),
    ADatetime20: () => maybe(`'${day()} ${time(0)}'`),
    ADatetime23: () => maybe(`'${day()} ${time(3)}'`),
    ADatetime26: () => maybe(`'${day()} ${time(6)}'`),
    ADatetime27: () => maybe(`'${day()} ${time(7)}'`),
    AnOffset: () => maybe(`'${day()} ${time(7)} ${pick(['+00:00', '-03:30', '+14:00'])}'`),
    AnOffset3: () => maybe(`'${day()} ${time(3)} ${pick(['+00:00', '-03:30', '+14:00'])}'`),
    AVariant: () => maybe(String(below(10))),
  };
  const LARGE: Readonly<Record<string, () => string>> = {
    AText: () => maybe(`'${pick(['', 'short', 'text '.repeat(400)])}'`),
    AnNtext: () => maybe(`N'${words()}'`),
    AnImage: () => maybe(hex(below(30))),
    AVarcharMax: () => maybe(`'${pick(['', 'short', 'v'.repeat(9000)])}'`),
    AnNvarcharMax: () => maybe(`N'${words()}'`),
    AVarbinaryMax: () => maybe(hex(below(30))),
    AnXml: () => maybe(`N'<a b="${below(9)}">ż</a>'`),
    Counter: () => String(below(100)),
  };

  const insert = (table: string, columns: Readonly<Record<string, () => string>>): string => {
    const names = Object.keys(columns).filter(() => below(3) > 0);
    const values = names.map((name) => columns[name]!());
    return `INSERT INTO dbo.${table} (${['Id', ...names].join(', ')}) VALUES (${[nextId++, ...values].join(', ')})`;
  };
  const update = (table: string, columns: Readonly<Record<string, () => string>>): string => {
    const names = Object.keys(columns).filter(() => below(6) === 0);
    if (names.length === 0) names.push(pick(Object.keys(columns)));
    return `UPDATE dbo.${table} SET ${names.map((name) => `${name} = ${columns[name]!()}`).join(', ')} WHERE Id = ${someId()}`;
  };

  const CHOICES: readonly (() => string)[] = [
    () => insert('AllTypes', ALL_TYPES),
    () => update('AllTypes', ALL_TYPES),
    () => update('AllTypes', ALL_TYPES),
    () => insert('Large', LARGE),
    () => update('Large', LARGE),
    () => update('Large', LARGE),
    () => `DELETE FROM dbo.${pick(['AllTypes', 'Large', 'Customer'])} WHERE Id = ${someId()}`,
    () => `UPDATE dbo.${pick(['AllTypes', 'Large', 'Customer'])} SET Id = ${nextId++} WHERE Id = ${someId()}`,
    () => `INSERT INTO dbo.TwoKeys VALUES ('k${nextId++}', ${below(99)}.${digits(2)}, N'${words()}')`,
    () => `UPDATE dbo.TwoKeys SET FirstKey = 'm${nextId++}' WHERE FirstKey = (SELECT MAX(FirstKey) FROM dbo.TwoKeys)`,
    () => `UPDATE dbo.TwoKeys SET SecondKey = SecondKey + 1 WHERE SecondKey < ${below(30)}`,
    () => `UPDATE dbo.TwoKeys SET Name = Name`,
    () => `DELETE FROM dbo.TwoKeys WHERE FirstKey = (SELECT MIN(FirstKey) FROM dbo.TwoKeys)`,
    () => `INSERT INTO dbo.Member VALUES ('${digits(3)}@example.org', ${below(100)})`,
    () => `UPDATE dbo.Member SET Points = Points + 1 WHERE Points < ${below(100)}`,
    () => `UPDATE dbo.Member SET Email = '${digits(4)}@example.net' WHERE Email = (SELECT MIN(Email) FROM dbo.Member)`,
    () => `DELETE FROM dbo.Member WHERE Email = (SELECT MAX(Email) FROM dbo.Member)`,
    () => `INSERT INTO dbo.NoKey VALUES (${below(5)}, '${below(99)}')`,
    () => `UPDATE dbo.NoKey SET B = '${below(99)}' WHERE A = ${below(5)}`,
    () => `DELETE FROM dbo.NoKey WHERE A = ${below(5)}`,
    () => `INSERT INTO dbo.UniqueOnly VALUES (${below(50)}, 'u${nextId++}')`,
    () => `UPDATE dbo.UniqueOnly SET A = A + 1 WHERE A < ${below(50)}`,
    () => `UPDATE dbo.UniqueOnly SET B = 'w${nextId++}' WHERE B = (SELECT MAX(B) FROM dbo.UniqueOnly)`,
    () =>
      `INSERT INTO dbo.Customer VALUES (${nextId++}, ${maybe(`'${digits(3)}@example.org'`)}, ${maybe(`N'${digits(12)}'`)}, ${maybe(`N'${words()}${words()}'`)}, 'x', '${pick(['PL', 'GB'])}')`,
    () => `UPDATE dbo.Customer SET Region = '${pick(['PL', 'GB', '"\\', 'IE'])}' WHERE Id = ${someId()}`,
    () => `UPDATE dbo.Customer SET Email = ${maybe(`'${digits(4)}@example.org'`)}, Secret = 'y' WHERE Id = ${someId()}`,
  ];

  const main = (): string => {
    const statements = Array.from({ length: 1 + below(6) }, () => pick(CHOICES)());
    return `BEGIN TRANSACTION;\n${statements.join(';\n')};\n${below(12) === 0 ? 'ROLLBACK' : 'COMMIT'};`;
  };
  const branch = (): string =>
    pick([
      () => `INSERT INTO dbo.Till VALUES (${nextId++}, ${below(1000)}.${digits(4)})`,
      () => `UPDATE dbo.Till SET Total = Total - 0.0001 WHERE Id <> 9223372036854775807`,
      () => `DELETE FROM dbo.Till WHERE Id = (SELECT MIN(Id) FROM dbo.Till)`,
    ])();
  return () => (below(6) === 0 ? { database: 'Branch', text: branch() } : { database: 'Main', text: main() });
}
