/** Line drawings on a 48 by 48 grid, one per kind of article, and the words that choose them. First match wins. */
const GLYPHS = [
  [/\bmug\b|\bcup\b/i, 'M12 14h20v18a6 6 0 0 1-6 6h-8a6 6 0 0 1-6-6zM32 18h3a5 5 0 0 1 0 12h-3M12 19h20'],
  [/stove/i, 'M10 26h28v12H10zM14 26l3-6h14l3 6M24 20v-8M19 15l5-5 5 5M17 32h1M30 32h1'],
  [/helmet/i, 'M8 30a16 16 0 0 1 32 0v2H8zM24 14v8M15 17l4 7M33 17l-4 7M8 32c4 4 28 4 32 0'],
  [/frame|fork/i, 'M10 14h26M14 14l10 20L36 14M24 34l-6-20M36 14l4 22'],
  [
    /wheel|tyre|tire|tube/i,
    'M24 8a16 16 0 1 0 0 32 16 16 0 0 0 0-32M24 21a3 3 0 1 0 0 6 3 3 0 0 0 0-6M24 8v13M24 27v13M8 24h13M27 24h13M13 13l9 9M26 26l9 9M35 13l-9 9M22 26l-9 9',
  ],
  [
    /bike|cycl|touring-|road-|mountain-/i,
    'M12 24a8 8 0 1 0 0 16 8 8 0 0 0 0-16M36 24a8 8 0 1 0 0 16 8 8 0 0 0 0-16M12 32l7-14h13l4 14M19 18l6 14h-13M25 32l7-14M17 18h5M32 18l-2-6h5',
  ],
  [/light|lamp|torch/i, 'M18 30a11 11 0 1 1 12 0v4H18zM19 38h10M21 42h6M24 30v-8M20 20l4 2 4-2'],
  [/lock|security/i, 'M12 22h24v18H12zM16 22v-6a8 8 0 0 1 16 0v6M24 29v5'],
  [
    /boot|shoe|footwear|trainer|welling|slipper/i,
    'M15 8v20c0 3-3 4-3 8h28c0-6-6-7-10-8-3-1-4-3-4-6V8zM12 36v4h28v-4M26 16h-5M26 21h-5',
  ],
  [/sock/i, 'M18 8h12v18l8 8c3 3 0 7-4 6L20 34c-2-1-2-2-2-4zM18 14h12'],
  [
    /glove/i,
    'M14 40V26l-4-6c-1-3 2-4 4-2l3 4V10c0-3 4-3 4 0v9-11c0-3 4-3 4 0v11-9c0-3 4-3 4 0v10-7c0-3 4-3 4 0v17l-3 10z',
  ],
  [/cap|hat|beanie/i, 'M10 30a14 14 0 0 1 28 0v6H10zM10 31h28M24 16v-5'],
  [
    /jacket|jersey|vest|fleece|jumper|cloth|short|tight/i,
    'M17 8l-9 6 4 9 4-2v19h16V21l4 2 4-9-9-6c-2 5-12 5-14 0zM24 13v27',
  ],
  [/tent|camp/i, 'M24 10L6 38h36zM24 10v28M24 22l-7 16M24 22l7 16'],
  [/sleeping|bedding|duvet|sheet/i, 'M6 34V16M6 28h36v6M42 34v-6c0-5-3-7-8-7H18v7M12 20a3 3 0 1 0 0 6 3 3 0 0 0 0-6'],
  [
    /rucksack|pannier|hydration|bag|backpack/i,
    'M14 20a10 10 0 0 1 20 0v20H14zM19 12c0-6 10-6 10 0M18 28h12v8H18zM24 28v3',
  ],
  [/towel|throw|cushion|home/i, 'M12 10h24v28H12zM12 30h24M12 34h24M18 10v-3h12v3'],
  [/knive|knife/i, 'M8 38L34 12c4-2 6 0 5 4L22 32zM8 38l8-2'],
  [
    /pan|cook|kitchen|bake|casserole/i,
    'M8 20h24v12a6 6 0 0 1-6 6H14a6 6 0 0 1-6-6zM32 22h11M14 14c0-3 3-3 3-6M22 14c0-3 3-3 3-6',
  ],
  [
    /storage|jar|bottle|bowl|lunch/i,
    'M17 8h14v5H17zM15 18c0-3 2-5 2-5h14s2 2 2 5v20a3 3 0 0 1-3 3H18a3 3 0 0 1-3-3zM15 24h18M15 32h18',
  ],
  [/paint|decor/i, 'M10 16h24v22H10zM10 16c0-5 24-5 24 0M34 20h5v9M39 29v6M10 24c4 4 6 0 9 3s4 1 6 0'],
  [/brush|roller|clean/i, 'M10 10h26v9H10zM36 14h4v9H24v6M21 29h6v12h-6z'],
  [/water|hose|pump/i, 'M12 20h18v18H12zM30 24l10-8M38 13l5 6M12 24c-6 0-6 9 0 9M16 20c0-7 10-7 10 0'],
  [/pot|planter|basket|fender/i, 'M13 24h22l-3 16H16zM24 24c0-9 0-10 8-14M24 20c-2-5-5-7-10-7 1 6 5 8 10 7'],
  [/bench|furniture|seat|saddle/i, 'M10 12v26M38 12v26M10 16h28M10 22h28M10 30h28'],
  [/bird|wild/i, 'M10 28c2-10 12-14 20-9l8-3-3 7c1 9-6 15-13 15-6 0-11-3-12-10zM30 21v1M20 38v4M26 37v4'],
  [/dog|cat|pet/i, 'M24 24c6 0 11 6 9 11-2 4-6 2-9 2s-7 2-9-2c-2-5 3-11 9-11M14 17v1M34 17v1M20 11v1M28 11v1'],
  [/garden|plant/i, 'M24 42V20M24 26c-8 0-12-4-12-12 8 0 12 4 12 12M24 22c0-8 4-12 12-12 0 8-4 12-12 12'],
  [/fixing|screw|bolt|nut|washer|bearing/i, 'M24 8l13 8v16l-13 8-13-8V16zM24 18a6 6 0 1 0 0 12 6 6 0 0 0 0-12'],
  [
    /tool|drill|hammer|brake|derail|crank|pedal|chain|headset|handle|bracket/i,
    'M30 8a9 9 0 0 0-8 12L8 34c-3 4 2 9 6 6l14-14a9 9 0 0 0 12-11l-6 5-6-2-2-6 6-4c-1 0-2 0-2 0',
  ],
];
const FALLBACK = 'M24 7l15 8v18l-15 8-15-8V15zM9 15l15 8 15-8M24 23v18';

/** The drawing for an article: what it is called at the end of its name comes first, then subcategory, category and the whole name. */
export function glyphFor(product) {
  const noun = product.name?.split(/,| - /)[0].split(' ').slice(-2).join(' ');
  for (const text of [noun, product.subcategory, product.category, product.name]) {
    const found = text && GLYPHS.find(([pattern]) => pattern.test(text));
    if (found) return found[1];
  }
  return FALLBACK;
}
