import type { ShopDocument } from '#infra/demo/document.ts';
import { type EposSizes, generateEpos } from '#infra/demo/epos/generate.ts';
import type { EposData, ProductRow } from '#infra/demo/epos/rows.ts';
import { product } from '#infra/demo/epos/sluice.config.ts';

/** A loaded row as it comes out of the pipeline: money with four places, dates as milliseconds, codes padded. */
export function asCaptured(row: ProductRow): Record<string, unknown> {
  const scale = (text: string | null, places: number): string | null => {
    if (text === null) return null;
    const [whole, fraction = ''] = text.split('.');
    return `${whole}.${fraction.padEnd(places, '0')}`;
  };
  const date = (text: string | null): bigint | null => (text === null ? null : BigInt(Date.parse(`${text}Z`)));
  return {
    ...row,
    PROD_CODE: row.PROD_CODE.padEnd(10),
    PRICE1: scale(row.PRICE1, 4),
    PRICE2: scale(row.PRICE2, 4),
    PRICE3: scale(row.PRICE3, 4),
    WEIGHT_KG: scale(row.WEIGHT_KG, 3),
    DATE_CREATED: date(row.DATE_CREATED),
    DATE_AMENDED: date(row.DATE_AMENDED),
    ROW_VER: Buffer.alloc(8),
  };
}

/** The documents that the demo's own configuration makes of the generated shop. */
export function eposDocuments(sizes: EposSizes): {
  readonly data: EposData;
  readonly documents: readonly ShopDocument[];
} {
  const data = generateEpos(sizes);
  const documents = data.products.flatMap((row) => {
    const dept = data.departments.find((entry) => entry.DEPT_CODE === row.DEPT_CODE) ?? null;
    const vat = data.vatRates.find((entry) => entry.VAT_CODE === row.VAT_CODE) ?? null;
    const rows = { root: asCaptured(row), dept, vat };
    return product.filter?.(rows) === false ? [] : [product.project(rows) as ShopDocument];
  });
  return { data, documents };
}
