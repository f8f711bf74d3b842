import type { FieldMapping, SearchDefinition } from '#infra/runtime/config/catalog.ts';
import { searchAnalysis } from '#infra/runtime/config/define.ts';
import { GERMAN_GLOSSARY } from './germanGlossary.ts';

/** One article as the demo's storefront shows it, whichever database it comes from. Stock is not in it: that is live and kept apart. */
export interface ShopDocument {
  readonly sku: string;
  readonly name: string;
  readonly description: string | null;
  readonly brand: string | null;
  readonly category: string;
  readonly subcategory: string | null;
  /** Decimal text with two places, VAT included. */
  readonly price: string;
  /** The same in hundredths, for ranges and order. */
  readonly priceMinor: number;
  /** The price before the promotion, or null. */
  readonly wasPrice: string | null;
  /** ISO 4217. */
  readonly currency: string;
  readonly colour: string | null;
  readonly size: string | null;
  readonly barcode: string | null;
  readonly keywords: readonly string[];
  /** False for what is shown but not sold (parts, ended articles). */
  readonly purchasable: boolean;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** Words that mean the same to shoppers. A change needs no new index: the storefront reads queries by them. */
const SYNONYMS = [
  'trainers, sneakers, running shoes',
  'wellies, wellingtons, wellington boots, gumboots, rubber boots',
  'jumper, sweater, pullover',
  'rucksack, backpack',
  'torch, flashlight',
  'duvet, quilt, comforter',
  'saucepan => pan',
  'skillet => frying pan',
  'casserole, dutch oven',
  'tap, faucet',
  'secateurs, pruners, pruning shears',
  'colour, color',
  'grey, gray',
  'bike, bicycle, cycle, push bike',
  'mtb => mountain bike',
  'racer, racing bike => road bike',
  'tyre, tire',
  'inner tube, tyre tube => tube',
  'mudguard, fender',
  'hose, hosepipe',
  'trousers, pants',
  'beanie, woolly hat, bobble hat',
  'crankset, chainset',
  'pannier, saddlebag, bike bag',
  'bike lock, bicycle lock => lock',
  'bike seat, bicycle seat => saddle, seat assembly',
  'headlight, front light',
  'tail light, rear light, back light',
  'lamp, table lamp => light',
  'bike lamp, bicycle lamp, bike light => headlight, taillight, front light, rear light',
  'gilet => vest',
  'jersey, cycling top',
  'hydration pack, water rucksack, water backpack',
  'patch kit, puncture repair kit, puncture kit',
  'aluminium, aluminum',
  'drill driver => drill',
  'emulsion => paint',
  'knife, knives',
  'doona => duvet',
  'sofa cushion => cushion',
  'dog leash, dog lead',
  'bird seed, bird food => sunflower hearts',
];

const ANALYSIS = searchAnalysis({ synonyms: [...SYNONYMS, ...GERMAN_GLOSSARY] });

export const SHOP_SETTINGS = ANALYSIS.settings;

const kept: FieldMapping = { type: 'keyword', index: false, doc_values: false };

export const SHOP_MAPPING: Readonly<Record<string, FieldMapping>> = {
  ...ANALYSIS.fields,
  sku: ANALYSIS.code(),
  name: ANALYSIS.title(),
  description: ANALYSIS.text(),
  brand: ANALYSIS.label(),
  category: ANALYSIS.category(),
  subcategory: ANALYSIS.category(),
  price: kept,
  priceMinor: { type: 'long' },
  wasPrice: kept,
  currency: { type: 'keyword' },
  colour: ANALYSIS.label(),
  size: ANALYSIS.label(),
  barcode: ANALYSIS.code(),
  keywords: ANALYSIS.text({ spelling: true }),
  purchasable: { type: 'boolean' },
  createdAt: { type: 'date' },
  updatedAt: { type: 'date' },
};

/** What shoppers may search, filter and order by. */
export const SHOP_SEARCH: SearchDefinition = {
  text: {
    name: 4,
    'subcategory.words': 4,
    'brand.words': 2,
    'category.words': 2,
    'colour.words': 2,
    'size.words': 2,
    keywords: 2,
    description: 0.5,
  },
  codes: ['sku.code', 'barcode.code'],
  ...ANALYSIS.search,
  boosts: [{ field: 'purchasable', equals: true, weight: 0.5 }],
  popular: 'newest',
  stock: { field: 'sku' },
  facets: {
    category: { field: 'category' },
    subcategory: { field: 'subcategory', size: 50 },
    brand: { field: 'brand', size: 30 },
    colour: { field: 'colour', size: 20 },
    size: { field: 'size', size: 30 },
    price: {
      field: 'priceMinor',
      ranges: [
        { key: 'under-10', to: 1000 },
        { key: '10-25', from: 1000, to: 2500 },
        { key: '25-50', from: 2500, to: 5000 },
        { key: '50-100', from: 5000, to: 10_000 },
        { key: '100-500', from: 10_000, to: 50_000 },
        { key: 'over-500', from: 50_000 },
      ],
    },
    purchasable: { field: 'purchasable' },
  },
  sorts: {
    price_asc: [{ field: 'priceMinor', order: 'asc' }],
    price_desc: [{ field: 'priceMinor', order: 'desc' }],
    newest: [{ field: 'createdAt', order: 'desc' }],
    name: [{ field: 'name.order', order: 'asc' }],
  },
  suggest: {
    field: 'name.prefix',
    show: ['sku', 'category', 'price', 'currency'],
    groups: ['subcategory', 'category', 'brand'],
  },
};
