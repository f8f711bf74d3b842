/** What the demo's general store sells. Words only; epos/generate.ts makes products of them. */
export interface ProductKind {
  /** As a shopper would say it, singular. */
  readonly noun: string;
  /** Lowest and highest price in pence, VAT included. */
  readonly pence: readonly [number, number];
  readonly materials: readonly string[];
  readonly sizes: SizeScale;
  /** Kilograms of a middling one. */
  readonly kg: number;
}

export type SizeScale =
  | 'none'
  | 'clothes'
  | 'shoes'
  | 'litres'
  | 'centimetres'
  | 'metres'
  | 'kilograms'
  | 'pack'
  | 'bed';

export interface Department {
  readonly code: string;
  readonly name: string;
  /** What it was called when older products were keyed in. */
  readonly oldName: string;
  /** First letter of its product codes. */
  readonly letter: string;
  readonly markupPct: string;
  readonly brands: readonly string[];
  readonly coloured: boolean;
  readonly subdepartments: Readonly<Record<string, readonly ProductKind[]>>;
}

const kind = (
  noun: string,
  lowPence: number,
  highPence: number,
  sizes: SizeScale,
  kg: number,
  ...materials: string[]
): ProductKind => ({ noun, pence: [lowPence, highPence], sizes, kg, materials });

export const DEPARTMENTS: readonly Department[] = [
  {
    code: 'GARD',
    name: 'Garden',
    oldName: 'GARDEN & LEISURE',
    letter: 'G',
    markupPct: '42.50',
    coloured: false,
    brands: ['Greenacre', 'Hollin & Sons', 'Potting Shed', 'Wolds'],
    subdepartments: {
      'Hand Tools': [
        kind('Hand Trowel', 599, 1899, 'none', 0.4, 'stainless steel', 'forged steel'),
        kind('Border Fork', 1499, 4499, 'none', 1.6, 'stainless steel', 'carbon steel'),
        kind('Secateurs', 999, 4999, 'none', 0.3, 'carbon steel'),
      ],
      Watering: [
        kind('Watering Can', 899, 3499, 'litres', 0.9, 'galvanised steel', 'recycled plastic'),
        kind('Garden Hose', 1499, 6999, 'metres', 2.5, 'reinforced PVC'),
      ],
      'Pots & Planters': [
        kind('Planter', 499, 5999, 'centimetres', 3.2, 'terracotta', 'glazed stoneware', 'fibreclay'),
        kind('Hanging Basket', 499, 1999, 'centimetres', 0.8, 'wicker', 'powder-coated wire'),
      ],
      'Garden Furniture': [
        kind('Bistro Set', 7999, 24999, 'none', 14, 'acacia', 'powder-coated steel'),
        kind('Garden Bench', 9999, 34999, 'none', 22, 'teak', 'acacia'),
      ],
    },
  },
  {
    code: 'TOOL',
    name: 'Tools & Hardware',
    oldName: 'IRONMONGERY',
    letter: 'T',
    markupPct: '38.00',
    coloured: false,
    brands: ['Brunel', 'Hexam', 'Stanhope', 'Tradewise'],
    subdepartments: {
      'Workshop Tools': [
        kind('Claw Hammer', 899, 3499, 'none', 0.8, 'drop-forged steel'),
        kind('Socket Set', 1999, 12999, 'none', 3.1, 'chrome vanadium'),
        kind('Spirit Level', 999, 5999, 'centimetres', 0.9, 'aluminium'),
      ],
      'Power Tools': [
        kind('Combi Drill', 4999, 22999, 'none', 1.7, 'cordless 18V'),
        kind('Jigsaw', 3999, 17999, 'none', 2.4, '650W corded', 'cordless 18V'),
      ],
      Fixings: [
        kind('Wood Screws', 199, 1299, 'pack', 0.4, 'zinc-plated steel', 'stainless steel'),
        kind('Wall Plugs', 149, 699, 'pack', 0.1, 'nylon'),
      ],
      'Locks & Security': [
        kind('Padlock', 699, 4999, 'none', 0.4, 'hardened steel', 'brass'),
        kind('Cash Box', 1299, 3999, 'none', 1.9, 'steel'),
      ],
    },
  },
  {
    code: 'PANT',
    name: 'Paint & Decorating',
    oldName: 'PAINT/DECOR',
    letter: 'P',
    markupPct: '36.00',
    coloured: true,
    brands: ['Colourhouse', 'Dunmore', 'Georgian', 'Tradewise'],
    subdepartments: {
      'Interior Paint': [
        kind('Matt Emulsion', 1299, 5999, 'litres', 3.8, 'water-based'),
        kind('Eggshell', 1899, 6999, 'litres', 3.9, 'water-based'),
      ],
      'Exterior Paint': [
        kind('Masonry Paint', 1999, 7999, 'litres', 7.5, 'weatherproof'),
        kind('Fence Treatment', 999, 3499, 'litres', 5.2, 'water-based'),
      ],
      'Brushes & Rollers': [
        kind('Paint Brush', 299, 1999, 'centimetres', 0.1, 'synthetic bristle', 'natural bristle'),
        kind('Roller Set', 599, 2499, 'none', 0.5, 'medium pile'),
      ],
    },
  },
  {
    code: 'KITC',
    name: 'Kitchen',
    oldName: 'KITCHENWARE',
    letter: 'K',
    markupPct: '45.00',
    coloured: true,
    brands: ['Bakewell', 'Copper & Clay', 'Hearth', 'Larder'],
    subdepartments: {
      Cookware: [
        kind('Saucepan', 1999, 8999, 'centimetres', 1.2, 'stainless steel', 'hard-anodised aluminium'),
        kind('Casserole Dish', 2999, 17999, 'litres', 4.1, 'cast iron', 'stoneware'),
        kind('Frying Pan', 1499, 9999, 'centimetres', 1.4, 'cast iron', 'carbon steel'),
      ],
      Bakeware: [
        kind('Loaf Tin', 599, 1999, 'none', 0.5, 'non-stick steel'),
        kind('Mixing Bowl', 699, 2999, 'litres', 0.9, 'stoneware', 'stainless steel'),
      ],
      'Kitchen Knives': [
        kind('Chef Knife', 1499, 11999, 'centimetres', 0.3, 'German steel', 'Damascus steel'),
        kind('Paring Knife', 599, 3999, 'none', 0.1, 'German steel'),
      ],
      'Food Storage': [
        kind('Storage Jar', 399, 1999, 'litres', 0.6, 'glass', 'stoneware'),
        kind('Lunch Box', 599, 2499, 'none', 0.3, 'stainless steel', 'bamboo'),
      ],
    },
  },
  {
    code: 'HOME',
    name: 'Home & Bedding',
    oldName: 'SOFT FURNISHINGS',
    letter: 'H',
    markupPct: '48.00',
    coloured: true,
    brands: ['Dormouse', 'Fothergill', 'Loom & Thread', 'Marchmont'],
    subdepartments: {
      Bedding: [
        kind('Duvet Cover Set', 2499, 11999, 'bed', 1.8, 'cotton percale', 'linen', 'brushed cotton'),
        kind('Fitted Sheet', 1299, 4999, 'bed', 0.7, 'cotton percale', 'jersey cotton'),
      ],
      Towels: [
        kind('Bath Towel', 899, 3499, 'none', 0.6, 'Turkish cotton', 'bamboo cotton'),
        kind('Hand Towel', 499, 1499, 'none', 0.2, 'Turkish cotton'),
      ],
      'Cushions & Throws': [
        kind('Cushion', 999, 4499, 'centimetres', 0.5, 'velvet', 'linen', 'wool'),
        kind('Throw', 1999, 8999, 'none', 1.1, 'lambswool', 'cotton'),
      ],
      Lighting: [
        kind('Table Lamp', 1999, 9999, 'none', 1.9, 'ceramic', 'brass'),
        kind('Pendant Shade', 1499, 6999, 'centimetres', 0.8, 'rattan', 'enamelled steel'),
      ],
    },
  },
  {
    code: 'OUTD',
    name: 'Outdoor & Camping',
    oldName: 'CAMPING',
    letter: 'O',
    markupPct: '40.00',
    coloured: true,
    brands: ['Cairn', 'Fellside', 'Northpoint', 'Trekka'],
    subdepartments: {
      Tents: [
        kind('Dome Tent', 5999, 24999, 'none', 3.4, 'ripstop polyester'),
        kind('Family Tent', 19999, 69999, 'none', 14, 'polycotton'),
      ],
      'Sleeping Bags': [
        kind('Sleeping Bag', 2499, 19999, 'none', 1.3, 'recycled insulation', 'down'),
        kind('Sleeping Mat', 1999, 12999, 'none', 0.7, 'self-inflating foam'),
      ],
      Rucksacks: [
        kind('Rucksack', 2999, 15999, 'litres', 1.4, 'ripstop nylon', 'recycled polyester'),
        kind('Dry Bag', 799, 2999, 'litres', 0.2, 'coated nylon'),
      ],
      'Camp Kitchen': [
        kind('Camping Stove', 1999, 9999, 'none', 0.6, 'aluminium'),
        kind('Enamel Mug', 499, 1499, 'none', 0.2, 'enamelled steel'),
      ],
    },
  },
  {
    code: 'FOOT',
    name: 'Footwear',
    oldName: 'SHOES',
    letter: 'F',
    markupPct: '50.00',
    coloured: true,
    brands: ['Brogan', 'Fellside', 'Pennine', 'Stroma'],
    subdepartments: {
      'Walking Boots': [kind('Walking Boots', 5999, 19999, 'shoes', 1.3, 'full-grain leather', 'waterproof suede')],
      Wellingtons: [kind('Wellington Boots', 2499, 9999, 'shoes', 1.6, 'natural rubber')],
      Trainers: [
        kind('Trail Running Shoes', 4999, 14999, 'shoes', 0.7, 'breathable mesh'),
        kind('Canvas Trainers', 1999, 5999, 'shoes', 0.6, 'cotton canvas'),
      ],
      Slippers: [kind('Slippers', 1499, 5999, 'shoes', 0.4, 'sheepskin', 'felted wool')],
    },
  },
  {
    code: 'CLTH',
    name: 'Clothing',
    oldName: 'CLOTHING',
    letter: 'C',
    markupPct: '52.00',
    coloured: true,
    brands: ['Cairn', 'Croft', 'Fellside', 'Merrow'],
    subdepartments: {
      Jackets: [
        kind('Waterproof Jacket', 5999, 24999, 'clothes', 0.6, 'recycled nylon'),
        kind('Insulated Jacket', 4999, 19999, 'clothes', 0.5, 'recycled insulation', 'down'),
      ],
      'Fleeces & Jumpers': [
        kind('Fleece', 2499, 7999, 'clothes', 0.4, 'recycled polyester'),
        kind('Jumper', 3499, 11999, 'clothes', 0.5, 'lambswool', 'merino wool'),
      ],
      Socks: [kind('Walking Socks', 799, 2499, 'shoes', 0.1, 'merino blend', 'cotton')],
      'Hats & Gloves': [
        kind('Beanie', 999, 2999, 'none', 0.1, 'merino wool', 'acrylic knit'),
        kind('Gloves', 1299, 4999, 'clothes', 0.1, 'softshell', 'leather'),
      ],
    },
  },
  {
    code: 'CYCL',
    name: 'Cycling',
    oldName: 'CYCLES & ACCS',
    letter: 'Y',
    markupPct: '39.00',
    coloured: false,
    brands: ['Derailleur & Co', 'Pennine', 'Spoke', 'Velocity'],
    subdepartments: {
      'Bike Lights': [
        kind('Front Light', 1499, 8999, 'none', 0.2, 'USB rechargeable'),
        kind('Rear Light', 999, 4999, 'none', 0.1, 'USB rechargeable'),
      ],
      Helmets: [kind('Cycle Helmet', 2499, 11999, 'clothes', 0.3, 'in-mould polycarbonate')],
      'Bike Locks': [
        kind('D-Lock', 1999, 9999, 'none', 1.5, 'hardened steel'),
        kind('Cable Lock', 999, 3499, 'metres', 0.6, 'braided steel'),
      ],
      'Tyres & Tubes': [
        kind('Road Tyre', 1499, 5999, 'none', 0.3, 'folding kevlar'),
        kind('Inner Tube', 399, 999, 'pack', 0.1, 'butyl'),
      ],
    },
  },
  {
    code: 'PETS',
    name: 'Pets & Wildlife',
    oldName: 'PET/AQUATIC',
    letter: 'A',
    markupPct: '33.00',
    coloured: false,
    brands: ['Barnaby', 'Hedgerow', 'Paws & Co', 'Wagtail'],
    subdepartments: {
      Dogs: [
        kind('Dog Bed', 1999, 8999, 'none', 1.9, 'washable fleece', 'waxed cotton'),
        kind('Dog Lead', 799, 2999, 'metres', 0.2, 'leather', 'climbing rope'),
      ],
      Cats: [
        kind('Scratching Post', 1499, 6999, 'none', 4.2, 'sisal'),
        kind('Cat Bowl', 399, 1499, 'none', 0.3, 'stoneware'),
      ],
      'Wild Birds': [
        kind('Bird Feeder', 699, 3499, 'none', 0.5, 'powder-coated steel', 'oak'),
        kind('Sunflower Hearts', 399, 3999, 'kilograms', 4, 'no-mess seed'),
      ],
      'Pet Food': [kind('Dry Dog Food', 699, 5999, 'kilograms', 5, 'grain-free chicken', 'lamb and rice')],
    },
  },
];
