/** Shapes of the product answers in the OpenAPI document. */

type Json = Readonly<Record<string, unknown>>;

const text = { type: 'string' };
const integer = { type: 'integer' };
const boolean = { type: 'boolean' };
const object = (properties: Json, required: readonly string[] = Object.keys(properties)): Json => ({
  type: 'object',
  properties,
  required,
});
const listOf = (items: Json): Json => ({ type: 'array', items });
const orNull = (schema: Json): Json => ({ oneOf: [{ type: 'null' }, schema] });

const FOUND_PRODUCT: Json = {
  allOf: [{ $ref: '#/components/schemas/Product' }],
  properties: {
    highlight: {
      type: 'object',
      description: 'Field → HTML-escaped text with <mark> around matching words.',
      additionalProperties: text,
    },
    inStock: {
      type: ['boolean', 'null'],
      description: 'With `stock`: whether a piece could be had when the page was made; null for what has no stock.',
    },
  },
};

const RELAXED: Json = {
  ...object({
    step: {
      enum: ['spelling', 'fewerWords', 'nothing'],
      description:
        'spelling: words were replaced by ones the catalogue has; fewerWords: not every word had to be there; nothing: nothing helped.',
    },
    optionalWords: { ...listOf(text), description: 'Words that were not demanded.' },
  }),
  description: 'What was done because nothing had all the words.',
};

const STOCK: Json = {
  ...object({
    wish: { enum: ['first', 'only'] },
    examined: { ...integer, description: 'Products whose stock was read to make this page.' },
    short: { ...boolean, description: 'The page was ended early to bound the work: go on with nextCursor.' },
  }),
  description: 'How live stock took part.',
};

export const PRODUCT_SCHEMAS: Json = {
  Product: { type: 'object', description: 'The document as the catalogue projects it.', additionalProperties: true },
  ProductPage: object({
    total: { ...integer, description: 'Products that match words and filters, whatever their stock.' },
    matched: { ...integer, description: 'Products that match the words, whatever the filters.' },
    partial: {
      ...boolean,
      description: 'The search ran out of time, or a part of the index was away; this is what it had.',
    },
    relaxed: orNull(RELAXED),
    didYouMean: { type: ['string', 'null'], description: 'The query in words the catalogue knows.' },
    ignoredWords: { ...listOf(text), description: 'Words beyond the tenth.' },
    items: listOf(FOUND_PRODUCT),
    instead: { ...listOf(FOUND_PRODUCT), description: 'Popular products, when nothing matches.' },
    facets: {
      type: 'object',
      additionalProperties: listOf(object({ value: text, count: integer, selected: boolean })),
    },
    bounds: {
      type: 'object',
      additionalProperties: orNull(object({ min: { type: 'number' }, max: { type: 'number' } })),
    },
    stock: orNull(STOCK),
    nextCursor: { type: ['string', 'null'] },
  }),
  Suggestions: object({
    suggestions: listOf({ ...object({ id: text, text }), additionalProperties: true }),
    completions: { ...listOf(text), description: 'The text with its last word completed, likeliest first.' },
    values: {
      ...listOf(object({ facet: text, value: text, count: integer })),
      description: 'Values of facets (categories, brands) among the found.',
    },
    corrected: { ...boolean, description: 'Only words much like the typed ones were found.' },
  }),
};
