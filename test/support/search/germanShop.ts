import { defineDocument, searchAnalysis } from '#infra/runtime/config/define.ts';
import type { JudgedProduct, Judgement } from './judgement.ts';

/** A small German household and bicycle shop, written for these tests: texts in German, compounds, umlauts, codes and measures. */
export interface GermanProduct {
  readonly sku: string;
  readonly name: string;
  readonly description: string;
  readonly category: string;
  readonly priceMinor: number;
  readonly popularity: number;
}

const ROWS = `
FR-100-26|Damenfahrrad City 26 Zoll|Bequemes Stadtrad mit tiefem Einstieg und Nabendynamo|Fahrräder|49900|40
FR-101-28|Herrenfahrrad Trekking 28 Zoll|Leichter Rahmen aus Aluminium, 24 Gänge|Fahrräder|69900|30
FR-102-20|Kinderfahrrad Bär 20 Zoll|Stabiles Rad mit Schutzblechen und Klingel|Fahrräder|24900|20
FR-103-29|Mountainbike Fels 29 Zoll|Hydraulische Scheibenbremsen, Federgabel|Fahrräder|89900|35
FR-104-28|Rennrad Blitz 28 Zoll|Rahmen und Gabel aus Carbon|Fahrräder|159900|10
SA-200|Fahrradsattel Gel|Weicher Gelsattel für lange Touren|Sättel|3490|25
SA-201|Rennsattel Leder|Schmaler Sattel aus echtem Leder|Sättel|8990|5
SA-202|Sattelstütze 27,2 mm|Aluminium, 350 mm lang|Sättel|1990|8
SA-203|Satteltasche klein|Für Werkzeug und Ersatzschlauch|Taschen|1490|12
HE-300-M|Fahrradhelm Urban M|Mit Rücklicht und Visier|Helme|5990|22
HE-300-L|Fahrradhelm Urban L|Mit Rücklicht und Visier|Helme|5990|21
HE-301|Kinderhelm Dino|Leicht und bunt, verstellbar|Helme|3490|15
LI-400|LED-Scheinwerfer 70 Lux|Vorderlicht mit USB-Anschluss|Beleuchtung|3990|18
LI-401|Rücklicht Set|Zwei rote Leuchten mit Akku|Beleuchtung|1990|17
SC-500|Fahrradschlauch 28 Zoll|Autoventil, 40 mm|Reifen und Schläuche|690|30
SC-501|Fahrradreifen 28 x 1,75|Pannensicher, mit Reflexstreifen|Reifen und Schläuche|2290|28
SC-502|Gartenschlauch 25 m|Trommelstabil, frostfest|Bewässerung|3990|20
LO-600|Faltschloss 90 cm|Gehärteter Stahl, zwei Schlüssel|Schlösser|5990|14
LO-601|Kettenschloss 110 cm|Mit Zahlencode|Schlösser|3990|13
PU-700|Standluftpumpe mit Manometer|Bis 11 bar, für alle Ventile|Pumpen|2990|19
PU-701|Minipumpe Alu|Passt in jede Trikottasche|Pumpen|1490|9
GK-800-10|Gießkanne 10 l Zink|Mit Brause aus Messing|Bewässerung|3490|16
GK-801-5|Gießkanne 5 l Kunststoff|Für Balkon und Zimmerpflanzen|Bewässerung|990|11
GA-810|Gartenschere Bypass|Klinge aus gehärtetem Stahl|Gartenwerkzeug|2990|23
GA-811|Heckenschere 60 cm|Wellenschliff, leichter Griff|Gartenwerkzeug|3990|7
GA-812|Rasenmäher Akku 36 V|Für Flächen bis 400 Quadratmeter|Gartenmaschinen|34900|6
GA-813|Blumentopf Terrakotta 20 cm|Mit Untersetzer|Töpfe|890|27
GA-814|Blumenkasten 80 cm|Mit Wasserspeicher|Töpfe|1990|24
KU-900-24|Bratpfanne Edelstahl 24 cm|Für alle Herdarten, auch Induktion|Pfannen|4990|26
KU-901-28|Bratpfanne Gusseisen 28 cm|Speichert die Wärme lange|Pfannen|5990|18
KU-902|Edelstahltopf 5 l|Kochtopf mit Glasdeckel|Kochtöpfe|4490|21
KU-903|Kochtopfset 4-teilig|Vier Töpfe aus Edelstahl|Kochtöpfe|9990|20
KU-904|Kochmesser 20 cm|Klinge aus deutschem Stahl|Messer|6990|19
KU-905|Brotmesser 22 cm|Mit Wellenschliff|Messer|3490|10
KU-906|Messerblock Buche|Für sechs Messer, ohne Inhalt|Messer|3990|4
KU-907|Teekanne Porzellan 1,5 l|Mit Sieb aus Edelstahl|Kannen|2990|9
KU-908|Kaffeekanne Thermo 1 l|Hält zwölf Stunden warm|Kannen|3490|13
KU-909|Trinkflasche Edelstahl 750 ml|Auslaufsicher, ohne Weichmacher|Flaschen|1990|25
KU-910|Thermosflasche 1 l|Doppelwandig|Flaschen|2490|15
HO-950|Bettwäsche Baumwolle 135 x 200|Zweiteilig, mit Reißverschluss|Bettwaren|3990|20
HO-951|Spannbettlaken 90 x 200|Jersey, waschbar bei 60 Grad|Bettwaren|1490|19
HO-952|Daunendecke 135 x 200|Warm und leicht|Bettwaren|15990|8
HO-953|Badetuch 70 x 140|Frottier aus Baumwolle|Handtücher|1990|16
HO-954|Handtuch grün 50 x 100|Frottier aus Baumwolle|Handtücher|990|22
HO-955|Geschirrtücher 3 Stück|Halbleinen, saugstark|Handtücher|890|14
HO-956|Bügeleisen Dampf|Sohle aus Keramik|Haushaltsgeräte|5990|12
HO-957|Bügelbrett höhenverstellbar|Bezug aus Baumwolle|Haushaltsgeräte|4990|11
HO-958|Wäscheständer 18 m|Klappbar, aus Stahl|Haushaltsgeräte|2990|18
HO-959|Staubsauger beutellos|Mit Bodendüse und Fugendüse|Haushaltsgeräte|12990|17
HO-960|Schreibtischlampe LED|Dimmbar, mit Ladefläche|Leuchten|3990|13
HO-961|Stehleuchte Holz|Schirm aus Leinen|Leuchten|8990|6
KL-970-42|Wanderschuhe Herren 42|Wasserdicht, Sohle mit Profil|Schuhe|11990|15
KL-971-38|Wanderschuhe Damen 38|Wasserdicht, Sohle mit Profil|Schuhe|11990|16
KL-972|Gummistiefel grün 41|Aus Naturkautschuk|Schuhe|3990|9
KL-973|Regenjacke Damen M|Wasserdicht und atmungsaktiv|Jacken|7990|14
KL-974|Regenhose Herren L|Mit Reißverschluss am Bein|Hosen|4990|8
KL-975|Strickmütze Wolle|Mit Umschlag|Mützen|1490|10
KL-976|Handschuhe Leder L|Gefüttert mit Fleece|Handschuhe|2990|9
CA-980|Zelt Kuppel 3 Personen|Wassersäule 3000 mm|Camping|14990|12
CA-981|Schlafsack Daune|Komfort bis 0 Grad|Camping|17990|7
CA-982|Isomatte selbstaufblasend|5 cm dick|Camping|4990|11
CA-983|Campingkocher Gas|Klein und leicht|Camping|3490|10
`;

export const GERMAN_PRODUCTS: ReadonlyMap<string, GermanProduct> = new Map(
  ROWS.trim()
    .split('\n')
    .map((line) => {
      const [sku = '', name = '', description = '', category = '', price, popularity] = line.split('|');
      return [sku, { sku, name, description, category, priceMinor: Number(price), popularity: Number(popularity) }];
    }),
);

/** `name|category|sku` */
export const GERMAN_LINES: readonly JudgedProduct[] = [...GERMAN_PRODUCTS.values()].map(({ sku, name, category }) => ({
  id: sku,
  line: `${name}|${category}|${sku}`,
}));

const analysis = searchAnalysis({
  languages: ['de', 'en'],
  synonyms: [
    'fahrrad, rad, velo, drahtesel',
    'mtb => mountainbike',
    'lampe, leuchte, licht',
    'vorderlicht, frontlicht => scheinwerfer',
    'topf, kochtopf',
    'isomatte, luftmatratze',
    'federbett => daunendecke',
    'bettlaken, leintuch => spannbettlaken',
    'mütze, kappe',
    'bike => fahrrad, mountainbike',
    'helmet => helm',
    'knife => messer',
  ],
  compounds: ['urban', 'geschirr', 'trikot', 'scheinwerfer', 'luftpumpe', 'herd'],
});

export const germanProduct = defineDocument<{ 'dbo.ARTIKEL': { readonly SKU: string } }>()({
  type: 'product',
  version: 1,
  root: 'dbo.ARTIKEL',
  id: (row) => row.SKU,
  project: ({ root }) => ({ sku: root.SKU }),
  mapping: {
    ...analysis.fields,
    sku: analysis.code(),
    name: analysis.title(),
    description: analysis.text(),
    category: analysis.category(),
    priceMinor: { type: 'long' },
    popularity: { type: 'integer' },
  },
  settings: analysis.settings,
  search: {
    ...analysis.search,
    text: { name: 4, 'category.words': 3, description: 1 },
    codes: ['sku.code'],
    boosts: [{ field: 'popularity', weight: 0.25 }],
    facets: { category: { field: 'category', size: 50 }, price: { field: 'priceMinor', bounds: true } },
    sorts: { price_asc: [{ field: 'priceMinor', order: 'asc' }], name: [{ field: 'name.order', order: 'asc' }] },
    suggest: { field: 'name.prefix', show: ['sku'], groups: ['category'] },
    stock: { field: 'sku' },
  },
});

const judge = (kind: string, ...rows: readonly (readonly [q: string, exact: RegExp, good?: RegExp, fair?: RegExp])[]) =>
  rows.map(([q, exact, good, fair]): Judgement => {
    return { q, kind, grades: { 3: exact, ...(good ? { 2: good } : {}), ...(fair ? { 1: fair } : {}) } };
  });

const BICYCLES = /\|Fahrräder\|/;

export const GERMAN_JUDGEMENTS: readonly Judgement[] = [
  ...judge(
    'endings',
    ['Fahrräder', BICYCLES],
    ['Pfannen', /\|Pfannen\|/],
    ['Bratpfannen', /^Bratpfanne/],
    ['Messern', /messer \d|Messer/, undefined, /Messerblock/],
    ['Handtücher', /\|Handtücher\|/],
    ['Töpfe', /topf|\|Kochtöpfe\|/, undefined, /\|Töpfe\|/],
    ['warme Decke', /^Daunendecke/],
    ['rote Leuchten', /^Rücklicht/],
    ['Schuhe für Damen', /Wanderschuhe Damen/, undefined, /\|Schuhe\|/],
  ),
  ...judge(
    'umlauts',
    ['Giesskanne', /^Gießkanne/],
    ['giesskannen', /^Gießkanne/],
    ['Sättel', /sattel (?:Gel|Leder)/, undefined, /^Sattel/],
    ['Saettel', /sattel (?:Gel|Leder)/, undefined, /^Sattel/],
    ['Fahrraeder', BICYCLES],
    ['Buegeleisen', /^Bügeleisen/],
    ['Bugelbrett', /^Bügelbrett/],
    ['Schlösser', /\|Schlösser\|/],
    ['muetze', /^Strickmütze/],
    ['gruen handtuch', /^Handtuch grün/],
  ),
  ...judge(
    'compounds',
    ['fahrrad', BICYCLES, undefined, /^Fahrrad/],
    ['helm', /\|Helme\|/],
    ['Damen Fahrrad', /^Damenfahrrad/],
    ['fahrrad sattel', /^Fahrradsattel/, /^Rennsattel/, /^Sattelst/],
    ['Schlauch', /schlauch/],
    ['Garten Schlauch', /^Gartenschlauch/],
    ['Wander Schuhe', /^Wanderschuhe/],
    ['Edelstahl Topf', /^Edelstahltopf|^Kochtopfset/],
    ['Edelstahlpfanne', /^Bratpfanne Edelstahl/],
    ['Gartenschere', /^Gartenschere/],
    ['Tischlampe', /^Schreibtischlampe/],
    ['Luftpumpe', /luftpumpe/, /^Minipumpe/],
    ['Jacke', /^Regenjacke/],
    ['Kinderfahrradhelm', /^Kinderhelm/, /^Fahrradhelm/],
    ['Terrakottatopf', /^Blumentopf Terra/],
  ),
  ...judge(
    'typing',
    ['Farrad', BICYCLES, undefined, /^Fahrrad/],
    ['Gieskanne', /^Gießkanne/],
    ['Brattpfanne', /^Bratpfanne/],
    ['Schlafsak', /^Schlafsack/],
    ['Gummistifel', /^Gummistiefel/],
    ['Staubsuager', /^Staubsauger/],
    ['Regenjake Damen', /^Regenjacke/],
  ),
  ...judge(
    'codes',
    ['KU-900-24', /KU-900-24/],
    ['ku90024', /KU-900-24/],
    ['ku 900 24', /KU-900-24/],
    ['HE-300', /HE-300-/],
  ),
  ...judge(
    'units',
    ['Pfanne 24cm', /^Bratpfanne Edelstahl 24/],
    ['Pfanne 28 cm', /^Bratpfanne Gusseisen 28/],
    ['Kanne 10 Liter', /^Gießkanne 10 l/],
    ['Gießkanne 5l', /^Gießkanne 5 l/],
    ['Flasche 750ml', /^Trinkflasche/],
    ['Teekanne 1.5 l', /^Teekanne/],
    ['Fahrrad 20 Zoll', /^Kinderfahrrad/, undefined, BICYCLES],
  ),
  ...judge(
    'synonyms',
    ['Velo', BICYCLES, undefined, /^Fahrrad/],
    ['mtb', /^Mountainbike/],
    ['Kochtöpfe', /topf(?:set)? [45]|Kochtopf/],
    ['Leintuch', /^Spannbettlaken/],
    ['Lampe', /lampe|leuchte/, undefined, /licht/],
    ['helmet', /\|Helme\|/],
  ),
  ...judge(
    'long',
    ['wasserdichte Schuhe zum Wandern für Herren', /^Wanderschuhe Herren/, /^Wanderschuhe/, /\|Schuhe\|/],
    ['eine leichte Jacke mit Kapuze', /^Regenjacke/],
    ['Zelt für die ganze Familie', /^Zelt/],
  ),
];
