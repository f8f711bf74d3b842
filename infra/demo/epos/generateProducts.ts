import { penceToText } from '../money.ts';
import type { Random } from '../random.ts';
import type { ProductRow, SupplierRow } from './rows.ts';
import { DEPARTMENTS, type Department, type ProductKind } from './vocabulary.ts';
import { COLOURS, RANGES, SIZES } from './words.ts';

/** One article before it is split into colours and sizes. */
interface Style {
  readonly department: Department;
  readonly subdepartment: string;
  readonly kind: ProductKind;
  readonly brand: string;
  readonly range: string;
  readonly material: string;
  readonly supplier: string;
  readonly pence: number;
  readonly year: number;
}

/**
 * Products the way thirty years of data entry leave them: one row per colour and size, older ones in capitals, the same colour or size
 * spelt several ways, stale department names, stray blanks, some without bar code, some switched off.
 */
export function generateProducts(random: Random, count: number, suppliers: readonly SupplierRow[]): ProductRow[] {
  const rows: ProductRow[] = [];
  const seen = new Set<string>();
  for (let turn = 0; rows.length < count; turn++) {
    const style = makeStyle(random, turn, suppliers);
    const name = `${style.brand}|${style.range}|${style.material}|${style.kind.noun}`;
    if (seen.has(name)) continue;
    seen.add(name);
    for (const [colour, size, step] of variants(random, style)) {
      if (rows.length < count) rows.push(makeProduct(random, style, rows.length, colour, size, step));
    }
  }
  return rows;
}

function makeStyle(random: Random, turn: number, suppliers: readonly SupplierRow[]): Style {
  const department = DEPARTMENTS[turn % DEPARTMENTS.length]!;
  const [subdepartment, kinds] = random.pick(Object.entries(department.subdepartments));
  const kind = random.pick(kinds);
  const [low, high] = kind.pence;
  const skewed = low + (high - low) * random.next() ** 1.7;
  return {
    department,
    subdepartment,
    kind,
    brand: random.pick(department.brands),
    range: random.pick(RANGES),
    material: random.pick(kind.materials),
    supplier: random.pick(suppliers).SUPP_CODE,
    pence: Math.max(low, Math.round(skewed / 100) * 100 - random.pick([1, 1, 1, 5, 50])),
    year: random.int(2009, 2025),
  };
}

/** Colours and sizes the style comes in, as written by whoever keyed it in; `step` counts up with the size, and so does the price. */
function* variants(
  random: Random,
  style: Style,
): Generator<[colour: string | null, size: string | null, step: number]> {
  const colours = style.department.coloured ? sample(random, COLOURS, random.int(1, 3)) : [null];
  const scale = SIZES[style.kind.sizes];
  const first = scale.length > 0 ? random.int(0, Math.max(0, scale.length - 3)) : 0;
  const sizes = scale.length > 0 ? scale.slice(first, first + random.int(1, 4)) : [null];
  for (const colour of colours) {
    for (const [step, size] of sizes.entries()) yield [colour && random.pick(colour), size && random.pick(size), step];
  }
}

function sample<T>(random: Random, items: readonly T[], count: number): T[] {
  const start = random.int(0, items.length - 1);
  return Array.from({ length: count }, (_, i) => items[(start + i * 5) % items.length]!);
}

function makeProduct(
  random: Random,
  style: Style,
  index: number,
  colour: string | null,
  size: string | null,
  step: number,
): ProductRow {
  const { department, kind } = style;
  const old = style.year < 2014;
  const priceStep = kind.sizes === 'clothes' || kind.sizes === 'shoes' ? 0 : 0.35;
  const pence = step * priceStep === 0 ? style.pence : charm(style.pence * (1 + step * priceStep));
  const promo = random.chance(0.12)
    ? charm(pence * random.pick([0.5, 0.7, 0.75, 0.8, 0.85]))
    : random.chance(0.3)
      ? 0
      : null;
  const plain = `${style.brand} ${style.range} ${kind.noun}`;
  const created = `${style.year}-${pad(random.int(1, 6))}-${pad(random.int(1, 28))}T${pad(random.int(8, 17))}:${pad(random.int(0, 59))}:00`;
  return {
    PROD_CODE: `${department.letter}${String(100_007 + index * 3)}`,
    PROD_DESC: `${old ? plain.toUpperCase() : plain}${random.chance(0.05) ? '  ' : ''}`,
    LONG_DESC: random.chance(0.06) ? null : describe(random, style),
    DEPT_CODE: department.code,
    DEPT_NAME: old ? department.oldName : department.name,
    SUBDEPT_NAME: random.chance(0.1) ? style.subdepartment.toUpperCase() : style.subdepartment,
    SUPP_CODE: style.supplier,
    BRAND: old ? style.brand.toUpperCase() : style.brand,
    COLOUR: colour,
    SIZE_TXT: size,
    PRICE1: penceToText(pence),
    PRICE2: penceToText(Math.round((pence / 1.2) * 0.72)),
    PRICE3: promo === null ? null : penceToText(promo),
    VAT_CODE: vatCode(kind),
    WEB_FLAG: random.chance(0.04) ? 'N' : 'Y',
    DISCONT: random.chance(0.03) ? 'Y' : 'N',
    BARCODE: random.chance(0.05) ? random.pick([null, 'N/A', '0']) : ean13(500_000_000_000 + index * 7919),
    WEIGHT_KG: random.chance(0.1) ? null : (kind.kg * (1 + step * 0.25)).toFixed(3),
    DATE_CREATED: created,
    DATE_AMENDED: random.chance(0.4) ? `2025-${pad(random.int(1, 5))}-${pad(random.int(1, 28))}T10:15:00` : null,
  };
}

/** A plausible mix of the three codes, not tax advice. */
function vatCode(kind: ProductKind): string {
  if (kind.noun === 'Sunflower Hearts') return 'Z';
  return kind.noun === 'Masonry Paint' ? 'R' : 'S';
}

const OPENINGS = ['Dependable', 'Best-selling', 'Well-made', 'Handsome', 'Hard-wearing', 'Thoughtfully designed'];
const USES = [
  'made for everyday use',
  'built to last for years',
  'tested by our own staff',
  'at home in town or country',
  'as good as it looks',
];
const CARES = [
  'Wipe clean with a damp cloth.',
  'Ten-year guarantee.',
  'Supplied flat-packed in recycled card.',
  'Ships from our own warehouse.',
  'Designed in Britain.',
];

function describe(random: Random, style: Style): string {
  const blank = random.chance(0.1) ? '  ' : ' ';
  return `${random.pick(OPENINGS)} ${style.kind.noun.toLowerCase()} (${style.material}), ${random.pick(USES)}.${blank}Part of the ${style.range} range by ${style.brand}. ${random.pick(CARES)}`;
}

/** Adds the check digit to the 12 digits of an EAN-13 (GS1 General Specifications §7.9). */
export function ean13(twelveDigits: number): string {
  const digits = String(twelveDigits).padStart(12, '0');
  const sum = [...digits].reduce((total, digit, index) => total + Number(digit) * (index % 2 === 0 ? 1 : 3), 0);
  return `${digits}${(10 - (sum % 10)) % 10}`;
}

/** The price just below a whole pound (at least 49 pence), as shops like it. */
const charm = (pence: number): number => Math.max(49, Math.round(pence / 100) * 100 - 1);

const pad = (value: number): string => String(value).padStart(2, '0');
