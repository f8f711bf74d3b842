import type { FieldMapping, SearchDefinition } from '#infra/runtime/config/catalog.ts';

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

/** Words that mean the same to shoppers; lower case, without accents, one spelling a line (Solr synonym rules). */
const SYNONYMS = [
  'trainers, sneakers, running shoes',
  'wellies, wellingtons, wellington boots, gumboots',
  'jumper, sweater, pullover',
  'rucksack, backpack',
  'torch, flashlight',
  'duvet, quilt, comforter',
  'saucepan, pan',
  'casserole, dutch oven',
  'tap, faucet',
  'secateurs, pruners',
  'colour, color',
  'grey, gray',
  'bike, bicycle, cycle',
  'tyre, tire',
  'hose, hosepipe',
  'trousers, pants',
  'beanie, woolly hat',
];

/** Analysis with filter names that full Elasticsearch and the local stack's plugin both have. */
export const SHOP_SETTINGS: Readonly<Record<string, unknown>> = {
  analysis: {
    filter: {
      shop_stemmer: { type: 'stemmer', language: 'light_english' },
      shop_possessive: { type: 'stemmer', language: 'possessive_english' },
      shop_synonyms: { type: 'synonym_graph', synonyms: SYNONYMS },
    },
    analyzer: {
      shop_text: {
        type: 'custom',
        tokenizer: 'standard',
        filter: ['shop_possessive', 'lowercase', 'asciifolding', 'shop_stemmer'],
      },
      shop_query: {
        type: 'custom',
        tokenizer: 'standard',
        filter: ['shop_possessive', 'lowercase', 'asciifolding', 'shop_synonyms', 'shop_stemmer'],
      },
      shop_plain: { type: 'custom', tokenizer: 'standard', filter: ['lowercase', 'asciifolding'] },
    },
    normalizer: { shop_folded: { type: 'custom', filter: ['lowercase', 'asciifolding'] } },
  },
};

const words: FieldMapping = { type: 'text', analyzer: 'shop_text', search_analyzer: 'shop_query' };
const kept: FieldMapping = { type: 'keyword', index: false, doc_values: false };
const named: FieldMapping = { type: 'keyword', fields: { words } };

export const SHOP_MAPPING: Readonly<Record<string, FieldMapping>> = {
  sku: { type: 'keyword' },
  name: {
    ...words,
    fields: {
      order: { type: 'keyword', normalizer: 'shop_folded' },
      prefix: { type: 'text', analyzer: 'shop_plain', index_prefixes: { min_chars: 1, max_chars: 12 } },
    },
  },
  description: words,
  brand: named,
  category: named,
  subcategory: named,
  price: kept,
  priceMinor: { type: 'long' },
  wasPrice: kept,
  currency: { type: 'keyword' },
  colour: named,
  size: { type: 'keyword' },
  barcode: { type: 'keyword' },
  keywords: words,
  purchasable: { type: 'boolean' },
  createdAt: { type: 'date' },
  updatedAt: { type: 'date' },
};

/** What shoppers may search, filter and order by. */
export const SHOP_SEARCH: SearchDefinition = {
  text: {
    name: 4,
    'brand.words': 2,
    'subcategory.words': 2,
    'category.words': 1,
    'colour.words': 1.5,
    keywords: 1,
    description: 0.5,
  },
  exact: ['sku', 'barcode'],
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
  suggest: { field: 'name.prefix', show: ['sku', 'category', 'price', 'currency'] },
};
