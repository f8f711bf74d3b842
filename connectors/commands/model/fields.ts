import { z } from 'zod';

/** The bounded fields commands are made of. Nothing here accepts free length, control characters or binary floats. */

/** The part of an input that a command does not have: any field in it is unknown. */
export const NOTHING = z.strictObject({});

const MAX_INT = 2_147_483_647;

/** The same bound as a pattern, so that the OpenAPI document states it too: fewer digits, or ten that are not above it. */
const UP_TO_MAX_INT = new RegExp(
  `^(?:[0-9]{1,9}|${[...String(MAX_INT)].map((digit, i, all) => (digit === '0' ? '' : `${all.slice(0, i).join('')}[0-${Number(digit) - 1}][0-9]{${all.length - i - 1}}`)).join('|')}|${MAX_INT})$`,
);

/** Digits that fit the integer keys of the databases: 1 to 2147483647. */
export function idField(what: string) {
  return z
    .string({ error: 'expected a string of digits' })
    .regex(/^[1-9][0-9]{0,9}$/, { error: 'expected 1 to 10 digits without a leading zero', abort: true })
    .regex(UP_TO_MAX_INT, { error: `expected at most ${MAX_INT}` })
    .describe(what);
}

export const customerIdField = idField("The customer's number; what belongs to another customer is unknown.");
export const orderIdField = idField("The order's number.");

const SKU = '[A-Za-z0-9](?:[A-Za-z0-9 ._/+#-]{0,18}[A-Za-z0-9._/+#-])?';

/** A stock-keeping unit as the read API shows it: printable, without blanks at its ends. */
export const skuField = z
  .string({ error: 'expected a string' })
  .regex(new RegExp(`^${SKU}$`), {
    error: 'expected 1 to 20 letters, digits, blanks or . _ / + # - without blanks at the ends',
  })
  .describe('Stock-keeping unit, as the read API shows it.');

const MAX_SKUS = 50;

/** Several skus in one text, with commas between them (no sku holds one). */
export const skuListField = z
  .string({ error: 'expected skus with commas between them' })
  .regex(new RegExp(`^${SKU}(?:,${SKU}){0,${MAX_SKUS - 1}}$`), {
    error: `expected 1 to ${MAX_SKUS} skus with commas between them`,
  })
  .transform((text) => text.split(','))
  .describe(`1 to ${MAX_SKUS} skus with commas between them.`);

const MAX_QUANTITY = 9999;

export const quantityField = z
  .int({ error: 'expected a whole number' })
  .min(1, { error: 'expected at least 1' })
  .max(MAX_QUANTITY, { error: `expected at most ${MAX_QUANTITY}` })
  .describe('Pieces.');

const DECIMAL_SCALE = 4;

/** Decimal text with exactly four decimals, so that equal amounts have one spelling: `9.9` becomes `9.9000`. */
function fullScale(text: string): string {
  const [whole = '', fraction = ''] = text.split('.');
  return `${whole}.${fraction.padEnd(DECIMAL_SCALE, '0')}`;
}

function moneyField(what: string, wholeDigits: number) {
  return z
    .string({ error: 'expected a decimal in a string, such as "12.50"' })
    .regex(new RegExp(`^(?:0|[1-9][0-9]{0,${wholeDigits - 1}})(?:\\.[0-9]{1,${DECIMAL_SCALE}})?$`), {
      error: `expected a decimal such as "12.50": at most ${wholeDigits} digits before and ${DECIMAL_SCALE} after the point, no sign`,
    })
    .transform(fullScale)
    .describe(what);
}

/** A unit price below ten million. */
export const unitPriceField = moneyField(
  'Price of one piece as the shopper saw it: decimal text, up to 9999999.9999.',
  7,
);

/** An order's total. */
export const totalField = moneyField('Sum the shopper agreed to: decimal text.', 13);

export const currencyField = z
  .string({ error: 'expected a string' })
  .regex(/^[A-Z]{3}$/, { error: 'expected three capital letters such as GBP' })
  .describe('ISO 4217 code of all amounts in the request.');

/** Control characters, line and paragraph separators, direction overrides: nothing a person types on purpose. First and last of each range. */
const UNWANTED: readonly (readonly [number, number])[] = [
  [0x00, 0x1f],
  [0x7f, 0x9f],
  [0x2028, 0x202e],
  [0x2066, 0x2069],
];
const escaped = (code: number): string => `\\u${code.toString(16).padStart(4, '0')}`;
const PLAIN_TEXT = new RegExp(`^[^${UNWANTED.map((range) => range.map(escaped).join('-')).join('')}]*$`, 'u');
const NOT_BLANK = /[^\s\ufeff]/u;

/** A line of a person's own words: normalised (NFC), trimmed, 1 to `maxLength` UTF-16 units (as nvarchar counts), no control characters. */
export function textField(what: string, maxLength: number) {
  const tooLong = { error: `expected at most ${maxLength} characters` };
  return (
    z
      .string({ error: 'expected a string' })
      .max(maxLength, tooLong)
      .regex(PLAIN_TEXT, { error: 'expected no control or direction characters' })
      .regex(NOT_BLANK, { error: 'expected some text' })
      .refine((text) => text.isWellFormed(), { error: 'expected no control or direction characters' })
      .transform((text) => text.normalize('NFC').trim())
      // Above, zod counts characters; one outside the basic plane takes two places in the database.
      .refine((text) => text.length <= maxLength, tooLong)
      .describe(what)
  );
}

/** An address that mail can be sent to, as far as its spelling tells: ASCII, one `@`, a domain with a dot. Kept in lower case. */
export const emailField = z
  .string({ error: 'expected a string' })
  .max(80, { error: 'expected at most 80 characters' })
  .regex(/^[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,60}[A-Za-z0-9])?\.[A-Za-z]{2,18}$/, {
    error: 'expected an e-mail address such as a.shopper@example.com',
  })
  .transform((text) => text.toLowerCase())
  .describe('E-mail address.');

/** Decimal text in answers: full scale of the database's money. */
export const amountResult = z
  .string()
  .regex(/^[0-9]+\.[0-9]{4}$/)
  .describe('Decimal text with four decimals.');

export const commandIdResult = z
  .uuid()
  .describe("The command's id. Give it to the read API as `after` to wait until its copy shows this command's effect.");

export const timeResult = z.iso.datetime({ precision: 3 }).describe('UTC time with milliseconds.');
