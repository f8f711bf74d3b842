import { eposDocuments } from '../eposDocuments.ts';
import type { JudgedProduct, Judgement } from './judgement.ts';

/**
 * What shoppers of the generated general store ask, and which kinds of article they mean. A product's line is
 * `name|category|subcategory|colour|size|sku|brand`. The names are `brand range noun`, so that the noun is what is judged.
 */

const SIZES = { seed: 20_160_401, products: 5000, customers: 10, orders: 10 };

export function eposShop(): {
  readonly documents: ReadonlyMap<string, object>;
  readonly products: readonly JudgedProduct[];
} {
  const { documents } = eposDocuments(SIZES);
  return {
    documents: new Map(documents.map((document) => [document.sku, document])),
    products: documents.map(({ sku, name, category, subcategory, colour, size, brand }) => ({
      id: sku,
      line: `${name}|${category}|${subcategory ?? ''}|${colour ?? ''}|${size ?? ''}|${sku}|${brand ?? ''}`,
    })),
  };
}

const judge = (kind: string, ...rows: readonly (readonly [q: string, exact: RegExp, good?: RegExp, fair?: RegExp])[]) =>
  rows.map(([q, exact, good, fair]): Judgement => {
    return { q, kind, grades: { 3: exact, ...(good ? { 2: good } : {}), ...(fair ? { 1: fair } : {}) } };
  });

const WELLIES = /Wellington Boots\|/;
const TRAINERS = /(?:Trail Running Shoes|Canvas Trainers)\|/;
const RUCKSACKS = /Rucksack\|/;
const HOSE = /Garden Hose\|/;
const PANS = /(?:Frying Pan|Saucepan)\|/;

export const EPOS_JUDGEMENTS: readonly Judgement[] = [
  ...judge(
    'words',
    ['rucksack', RUCKSACKS],
    ['walking boots', /Walking Boots\|/],
    ['waterproof jacket', /Waterproof Jacket\|/],
    ['garden bench', /Garden Bench\|/],
    ['watering can', /Watering Can\|/],
    ['frying pan', /Frying Pan\|/],
    ['bath towel', /Bath Towel\|/, undefined, /Hand Towel\|/],
    ['towels', /Towel\|/],
    ['cycle helmet', /Cycle Helmet\|/],
    ['dog bed', /Dog Bed\|/],
    ['tents', /Tent\|/],
    ['lighting', /\|Lighting\|/],
    ['red fleece', /Fleece\|[^|]*\|[^|]*\|Red\|/, undefined, /Fleece\|/],
    ['navy jumper', /Jumper\|[^|]*\|[^|]*\|Navy\|/, undefined, /Jumper\|/],
    ['fellside rucksack', /Fellside .*Rucksack\|/, undefined, RUCKSACKS],
    ['cairn jacket', /Cairn .*Jacket\|/, undefined, /Jacket\|/],
    ['lambswool jumper', /Jumper\|/],
    ['cast iron casserole', /Casserole Dish\|/],
    ['inner tube', /Inner Tube\|/],
    ['cable lock', /Cable Lock\|/],
    ['masonry paint white', /Masonry Paint\|[^|]*\|[^|]*\|White\|/, undefined, /Masonry Paint\|/],
    ['mixing bowl', /Mixing Bowl\|/],
    ['king duvet cover', /Duvet Cover Set\|[^|]*\|[^|]*\|[^|]*\|(?:Super )?King\|/, undefined, /Duvet/],
  ),
  ...judge(
    'typing',
    ['rucksak', RUCKSACKS],
    ['waterprof jacket', /Waterproof Jacket\|/],
    ['secatuers', /Secateurs\|/],
    ['wellingtin boots', WELLIES],
    ['cassarole dish', /Casserole Dish\|/],
    ['sleping bag', /Sleeping Bag\|/],
    ['helemt', /Cycle Helmet\|/],
    ['bistro sett', /Bistro Set\|/],
    ['padlok', /Padlock\|/],
    ['screwz', /Wood Screws\|/],
  ),
  ...judge(
    'synonyms',
    ['wellies', WELLIES],
    ['gumboots', WELLIES],
    ['sneakers', TRAINERS],
    ['sweater', /Jumper\|/],
    ['backpack', RUCKSACKS],
    ['hosepipe', HOSE],
    ['pruners', /Secateurs\|/],
    ['dutch oven', /Casserole Dish\|/],
    ['skillet', /Frying Pan\|/],
    ['bicycle helmet', /Cycle Helmet\|/],
    ['bike lights', /(?:Front|Rear) Light\|/],
    ['woolly hat', /Beanie\|/],
    ['gray beanie', /Beanie\|[^|]*\|[^|]*\|Grey\|/, undefined, /Beanie\|/],
    ['dog leash', /Dog Lead\|/],
    ['tire', /Road Tyre\|/, undefined, /\|Tyres & Tubes\|/],
    ['bird food', /Sunflower Hearts\|/],
  ),
  ...judge(
    'units',
    ['planter 30cm', /Planter\|[^|]*\|[^|]*\|[^|]*\|30 cm\|/, undefined, /Planter\|/],
    ['planter 30 cm', /Planter\|[^|]*\|[^|]*\|[^|]*\|30 cm\|/, undefined, /Planter\|/],
    ['watering can 10 litre', /Watering Can\|[^|]*\|[^|]*\|[^|]*\|10 L\|/, undefined, /Watering Can\|/],
    ['eggshell 2.5l', /Eggshell\|[^|]*\|[^|]*\|[^|]*\|2.5 L\|/, undefined, /Eggshell\|/],
    ['garden hose 25m', /Garden Hose\|[^|]*\|[^|]*\|[^|]*\|25 m\|/, undefined, HOSE],
    ['dry dog food 5kg', /Dry Dog Food\|[^|]*\|[^|]*\|[^|]*\|5 kg\|/, undefined, /Dry Dog Food\|/],
  ),
  ...judge(
    'compounds',
    ['sauce pan', /Saucepan\|/, undefined, PANS],
    ['lunchbox', /Lunch Box\|/],
    ['ruck sack', RUCKSACKS],
    ['paintbrush', /Paint Brush\|/],
    ['jig saw', /Jigsaw\|/],
    ['d lock', /D-Lock\|/],
    ['cashbox', /Cash Box\|/],
    ['pad lock', /Padlock\|/],
  ),
  ...judge(
    'german',
    ['Gießkanne', /Watering Can\|/],
    ['giesskanne', /Watering Can\|/],
    ['Gummistiefel', WELLIES],
    ['Zelt', /Tent\|/],
    ['Schlafsack', /Sleeping Bag\|/],
    ['Fahrradhelm', /Cycle Helmet\|/],
    ['Handtücher', /Towel\|/],
  ),
  ...judge(
    'long',
    ['warm jumper for the winter', /Jumper\|/, undefined, /Fleece\|/],
    ['family tent for six people', /Family Tent\|/, undefined, /Tent\|/],
    ['cheap trainers for running', TRAINERS],
    ['padlock for my shed', /Padlock\|/],
    ['nike trainers', TRAINERS],
  ),
];
