/** A row as the connector writes it: decimals as text, datetime2(3) as milliseconds since 1970. */
export type Image = Readonly<Record<string, string | number | null>>;

export interface EventCounts {
  /** Inserts, updates and deletes per table, `Item:c`; a changed key counts as one delete and one insert. */
  readonly [tableAndOp: string]: number;
}

/** What one batch of statements leaves behind. */
export interface MixedChanges {
  /** T-SQL of the next few transactions. */
  nextBatch(): string;
  /** T-SQL that fills the tables before the snapshot. */
  readonly initial: string;
  readonly initialRows: number;
  readonly changes: number;
  readonly counts: EventCounts;
  /** Final rows by `Table:key`. */
  readonly images: ReadonlyMap<string, Image>;
}

const FIRST_TOUCH_MS = Date.UTC(2026, 0, 1);
const INITIAL_ITEMS = 150;

/** Random transactions over dbo.Item and dbo.Move together with a model of what they must do; the same seed gives the same texts. */
export function mixedChanges(seed: number): MixedChanges {
  const random = generator(seed);
  let images = new Map<string, Image>();
  let counts: Record<string, number> = {};
  let changes = 0;
  let nextId = 1;
  let touches = 0;

  const below = (limit: number): number => Math.floor(random() * limit);
  const count = (what: string): void => {
    counts[what] = (counts[what] ?? 0) + 1;
    changes++;
  };
  const pick = (table: string): Image | undefined => {
    const keys = [...images.keys()].filter((key) => key.startsWith(`${table}:`));
    return keys.length === 0 ? undefined : images.get(keys[below(keys.length)]!);
  };
  const touch = (): number => FIRST_TOUCH_MS + ++touches * 7;

  function insertItem(): string {
    const row = {
      ItemId: nextId++,
      Label: `Płyta ${below(1000)} ☂`,
      Price: `${below(1_000_000)}.${String(below(10_000)).padStart(4, '0')}`,
      Units: below(2 ** 40),
      Note: below(3) === 0 ? null : `note ${below(100)}`,
      Touched: touch(),
    };
    images.set(`Item:${row.ItemId}`, row);
    count('Item:c');
    const note = row.Note === null ? 'NULL' : `'${row.Note}'`;
    return `INSERT INTO dbo.Item VALUES (${row.ItemId}, N'${row.Label}', ${row.Price}, ${row.Units}, ${note}, '${isoOf(row.Touched)}')`;
  }

  function insertMove(): string {
    const row = { MoveId: nextId++, ItemId: below(nextId), Quantity: below(1000) - 500 };
    images.set(`Move:${row.MoveId}`, row);
    count('Move:c');
    return `INSERT INTO dbo.Move VALUES (${row.MoveId}, ${row.ItemId}, ${row.Quantity})`;
  }

  function updateItem(): string {
    const row = pick('Item');
    if (row === undefined) return insertItem();
    const changed = { ...row, Units: Number(row['Units']) + 1, Note: null, Touched: touch() };
    images.set(`Item:${row['ItemId']}`, changed);
    count('Item:u');
    const set = `Units += 1, Note = NULL, Touched = '${isoOf(changed.Touched)}'`;
    return `UPDATE dbo.Item SET ${set} WHERE ItemId = ${row['ItemId']}`;
  }

  /** One statement, many rows. */
  function updateRange(): string {
    const low = below(nextId);
    for (const [key, row] of images) {
      const id = Number(row['MoveId']);
      if (!key.startsWith('Move:') || id < low || id > low + 60) continue;
      images.set(key, { ...row, Quantity: Number(row['Quantity']) + 1 });
      count('Move:u');
    }
    return `UPDATE dbo.Move SET Quantity = Quantity + 1 WHERE MoveId BETWEEN ${low} AND ${low + 60}`;
  }

  function deleteOne(table: 'Item' | 'Move'): string {
    const row = pick(table);
    if (row === undefined) return insertItem();
    const key = Number(row[`${table}Id`]);
    images.delete(`${table}:${key}`);
    count(`${table}:d`);
    return `DELETE FROM dbo.${table} WHERE ${table}Id = ${key}`;
  }

  function changeKey(): string {
    const row = pick('Move');
    if (row === undefined) return insertMove();
    const moved = { ...row, MoveId: nextId++ };
    images.delete(`Move:${row['MoveId']}`);
    images.set(`Move:${moved.MoveId}`, moved);
    count('Move:d');
    count('Move:c');
    return `UPDATE dbo.Move SET MoveId = ${moved.MoveId} WHERE MoveId = ${row['MoveId']}`;
  }

  function statement(): string {
    const dice = below(100);
    if (dice < 25) return insertItem();
    if (dice < 45) return insertMove();
    if (dice < 78) return updateItem();
    if (dice < 84) return updateRange();
    if (dice < 94) return deleteOne('Move');
    if (dice < 97) return deleteOne('Item');
    return changeKey();
  }

  function transaction(): string {
    const rolledBack = below(15) === 0;
    const before = { images: new Map(images), counts: { ...counts }, changes };
    const statements = Array.from({ length: 1 + below(25) }, statement);
    if (rolledBack) ({ images, counts, changes } = before);
    return `BEGIN TRANSACTION;\n${statements.join(';\n')};\n${rolledBack ? 'ROLLBACK' : 'COMMIT'};`;
  }

  const initial = Array.from({ length: INITIAL_ITEMS }, () => `${insertItem()};\n${insertMove()};`).join('\n');
  counts = {};
  changes = 0;
  return {
    initial,
    initialRows: images.size,
    nextBatch: () => Array.from({ length: 1 + below(4) }, transaction).join('\n'),
    get changes() {
      return changes;
    },
    get counts() {
      return counts;
    },
    get images() {
      return images;
    },
  };
}

function isoOf(epochMs: number): string {
  return new Date(epochMs).toISOString().replace('Z', '');
}

/** Numbers in [0, 1) from a seed (mulberry32, a small public-domain generator). */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
