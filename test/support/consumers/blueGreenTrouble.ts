import type { SwapWhen } from '#consumers/catalog/indexLoop.ts';
import { aliasName } from '#consumers/catalog/searchIndex.ts';
import type { DocumentDefinition, Row } from '#infra/runtime/config/catalog.ts';
import { product } from './shopTables.ts';
import { INDEX_PREFIX } from './versionProcess.ts';

/** How often each trouble comes, as one in so many steps; 0 for never. */
export interface BlueGreenTrouble {
  readonly kill: number;
  /** Redis is emptied. */
  readonly flush: number;
  /** An index is deleted by nobody of ours. */
  readonly lose: number;
  /** An index comes back as it was some time before. */
  readonly restore: number;
  /** A document of an index that is not searched is damaged. */
  readonly spoil: number;
  /** What a person does: swap, roll back, drop an index, stop a version's processes and start them again. */
  readonly command: number;
  readonly swap: SwapWhen;
}

/** Two versions of one document type, over the same rows. */
export const VERSIONS: readonly DocumentDefinition[] = [
  product,
  {
    ...product,
    version: 2,
    project: (rows) => ({ ...product.project(rows), barcode: (rows['barcodes'] as readonly Row[])[0]?.['BARCODE'] }),
  },
];
export const ALIAS = aliasName(INDEX_PREFIX, product.type);
export const indexOf = ({ version }: Pick<DocumentDefinition, 'version'>): string => `${ALIAS}-v${version}-1`;
