/**
 * Common German nouns that shop words are made of (Fahrrad + Sattel, Edelstahl + Topf). Lower case; a shop adds its own. No word that
 * is itself made of others here: only the longest word at a place is taken.
 */
export const GERMAN_PARTS: readonly string[] = (
  'abdeckung akku anhänger arbeit aufbewahrung auto außen baby bad balkon ball bank batterie bauch baum baumwolle becher beere bein ' +
  'berg besteck bett bezug bild blech blume blumen boden bohrer bohr brause brems bremse brille brot brust buch bügel bürste büro camping creme ' +
  'dach damen daunen decke deckel dose draht druck dusche eimer eisen elektro ersatz essig fahrrad farbe feder feile feld fell fenster fern feuer ' +
  'filter filz flasche fleisch fliesen fuß futter gabel garten gas gemüse gepäck gewürz glas gras griff grill gummi gürtel haar haken ' +
  'halter halterung hammer hand hänge hänger haus heck heiz helm hemd herd herren herz hocker holz honig hose hund hunde hut ' +
  'isolier jacke jagd jungen kabel kaffee kamin kanne kappe karte karton käse kasten katze katzen keller kerze kessel kette kinder kissen ' +
  'kiste klapp kleid kleider klemme klinge kocher koffer kohle kompost kopf korb kraft kran kranz kreuz küche küchen kuchen kühl kugel laden lager lampe ' +
  'latte laub lauf leder leine leinen leiter lenker leuchte licht löffel luft mädchen mantel maschine maß matratze matte mauer maus mehl messer metall ' +
  'milch mixer möbel mühle müll mütze nagel nacht natur netz obst ofen öl ohr ordner papier park pedal pfanne pfeffer pflanze pflanzen pfosten pinsel ' +
  'platte polster post pulli pullover pumpe putz rad rahmen rand rasen rauch regal regen reifen reinigung reise ring rohr rolle rollen rucksack säge ' +
  'salat salz sand sattel sauger schal schale schalter schaufel schaum schere schiene schirm schlaf schlauch schleif schloss schlüssel schmuck ' +
  'schnee schneide schrank schraube schrauben schuh schürze schutz schwamm seide seife seil senf sessel set sicherheit silber sitz ' +
  'socke socken sofa sommer sonne sonnen spaten speicher spiegel spiel spray spitze sport stab stahl ständer staub stecker stein ' +
  'stiefel stift stoff strick strumpf stuhl stütze suppe tafel tasche taschen tasse teppich thermo tier tisch toaster ton topf tor träger trekking trink ' +
  'trocken tuch tür uhr unter vase ventil vogel vorhang wachs wagen wand wander wäsche wasch wasser wecker weide wein werkzeug ' +
  'gieß dreher sack edel wetter wind winter woche wohn wolle zange zahn zaun zeit zelt zement ziegel zimmer zucker zwiebel'
).split(' ');

const CHANGED: Readonly<Record<string, string>> = { ä: 'a', ö: 'o', ü: 'u', ß: 'ss' };

/**
 * The one spelling of umlauts: `sättel`, `saettel` and `sattel` are the same afterwards, `ß` is `ss`; a `ue` after a vowel or `q` stays
 * (Bauer, Quelle). As Lucene's GermanNormalizationFilter does it; lower case in, lower case out.
 */
export function germanNormal(word: string): string {
  let out = '';
  let state: 'plain' | 'vowel' | 'umlaut' = 'plain';
  for (const letter of word) {
    if (letter === 'e' && state === 'umlaut') {
      state = 'vowel';
      continue;
    }
    out += CHANGED[letter] ?? letter;
    if (letter === 'a' || letter === 'o') state = 'umlaut';
    else if (letter === 'u') state = state === 'plain' ? 'umlaut' : 'vowel';
    else state = 'eiqyäöü'.includes(letter) ? 'vowel' : 'plain';
  }
  return out;
}
