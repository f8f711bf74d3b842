/** The scripts of rows and links a second time, on maps: what MemoryRedis runs and a contract test holds to the Lua ones. */

type Hash = Map<string, string>;
/** Finds a hash by its key. */
type HashOf = (key: string) => Hash;
type Reply = string | number | null | Reply[];

const POSITION = 49;
const STAMP = 20;

export const inGroups = <T>(args: readonly T[], size: number): T[][] =>
  Array.from({ length: args.length / size }, (_, i) => args.slice(i * size, (i + 1) * size));

function split(stored: string): { position: string; links: string; earlier: string; text: string; flag: string } {
  const a = stored.indexOf('\n');
  const b = stored.indexOf('\n', a + 1);
  return {
    position: stored.slice(0, POSITION),
    flag: stored.charAt(POSITION),
    links: stored.slice(POSITION + 1, a),
    earlier: stored.slice(a + 1, b),
    text: stored.slice(b + 1),
  };
}

const listOf = (text: string): string[] => text.split('\t').filter((link) => link !== '');

interface WriteTarget {
  readonly rows: Hash;
  readonly gone: Hash;
  readonly nowMs: string;
  /** The store the rows lie in. */
  store(): string;
}

function writeRow({ rows, gone, nowMs, store }: WriteTarget, args: readonly string[]): [string, string] {
  const [id, position, flag, asked, text, entered, base] = args as [
    string,
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  const isEntered = entered !== '' && entered === store();
  const stored = rows.get(id);
  const current = stored === undefined ? { position: '', links: '', earlier: '', flag: '' } : split(stored);
  let links = asked;
  if (stored !== undefined && position < current.position) return ['stale', current.earlier];
  if (stored !== undefined && position === current.position) {
    const known = listOf(current.links);
    links = [...known, ...listOf(asked).filter((link) => !known.includes(link))].join('\t');
    if (links === current.links) return ['same', current.earlier];
  }
  if (base !== '*' && base !== current.position) return ['moved', current.earlier];
  let { earlier } = current;
  if (links !== current.links) {
    if (!isEntered) {
      store();
      return ['links', earlier];
    }
    const kept = new Set([...listOf(earlier), ...listOf(current.links)]);
    for (const link of listOf(links)) kept.delete(link);
    earlier = [...kept].join('\t');
  }
  if (flag === 'd') gone.set(id, nowMs);
  else if (current.flag === 'd') gone.delete(id);
  rows.set(id, `${position}${flag}${links}\n${earlier}\n${flag === 'd' ? nowMs : text}`);
  return ['ok', earlier];
}

function forget(rows: Hash, gone: Hash, args: readonly string[]): number[] {
  const [before, below, limit, passed] = args as [string, string, string, string];
  const ids = [...gone]
    .filter(([, at]) => Number(at) < Number(before))
    .sort(([a, at], [b, bt]) => Number(at) - Number(bt) || (a < b ? -1 : 1))
    .slice(Number(passed), Number(passed) + Number(limit))
    .map(([id]) => id);
  let [kept, forgotten] = [0, 0];
  for (const id of ids) {
    const stored = rows.get(id);
    const found = stored === undefined ? undefined : split(stored);
    const isGone = found?.flag === 'd';
    if (isGone && found.links === '' && found.earlier === '' && (below === '' || found.position < below)) {
      rows.delete(id);
      gone.delete(id);
      forgotten += 1;
    } else if (isGone) kept += 1;
    else gone.delete(id);
  }
  return [ids.length, kept, forgotten];
}

interface Entry {
  readonly stamp: string;
  readonly row: string;
}

function parseFirst(text: string): { more: boolean; entries: Entry[] } {
  const lines = text.slice(1).split('\n').slice(0, -1);
  return {
    more: text.startsWith('+'),
    entries: lines.map((line) => ({ stamp: line.slice(0, STAMP), row: line.slice(STAMP) })),
  };
}

const firstText = (more: boolean, entries: readonly Entry[]): string =>
  `${more ? '+' : '-'}${entries.map(({ stamp, row }) => `${stamp}${row}\n`).join('')}`;

function enterFirst(links: Hash, most: number, [link, row, stamp]: readonly string[]): string {
  const { more, entries } = parseFirst(links.get(link!) ?? '-');
  const found = entries.find((entry) => entry.row === row);
  if (found !== undefined) {
    const changed = entries.map((e) => (e === found && e.stamp < stamp! ? { row: e.row, stamp: stamp! } : e));
    links.set(link!, firstText(more, changed));
    return 'in';
  }
  if (more) return 'more';
  if (entries.length >= most) {
    links.set(link!, firstText(true, entries));
    return 'more';
  }
  links.set(link!, firstText(false, [...entries, { row: row!, stamp: stamp! }]));
  return 'in';
}

function leaveFirst(links: Hash, [link, row, stamp]: readonly string[]): string {
  const text = links.get(link!);
  if (text === undefined) return 'done';
  const { more, entries } = parseFirst(text);
  const found = entries.find((entry) => entry.row === row);
  if (found === undefined) return more ? 'more' : 'done';
  if (found.stamp >= stamp!) return 'done';
  const rest = entries.filter((entry) => entry !== found);
  if (rest.length === 0 && !more) links.delete(link!);
  else links.set(link!, firstText(more, rest));
  return 'done';
}

function enterNode(node: Hash, most: number, [row, stamp]: readonly string[]): string {
  const current = node.get(row!);
  if (current === undefined && node.has('')) return 'more';
  if (current === undefined && node.size >= most) {
    node.set('', '');
    return 'more';
  }
  if (current === undefined || current < stamp!) node.set(row!, stamp!);
  return 'in';
}

function leaveNode(node: Hash, [row, stamp]: readonly string[]): string {
  const current = node.get(row!);
  if (current === undefined) return node.has('') ? 'more' : 'done';
  if (current < stamp!) node.delete(row!);
  return 'done';
}

export const ROW_HANDLERS: Readonly<
  Record<string, (hash: HashOf, keys: readonly string[], args: string[], runId: string) => Reply>
> = {
  WriteRows: (hash, [rows, gone, shapes], [nowMs, names, mark, ...args], runId) => {
    const missing = names!.split(',').find((name) => name !== '' && !hash(shapes!).has(name));
    if (missing !== undefined) return ['shape', missing];
    let asked = false;
    const store = (): string => {
      asked = true;
      const marks = hash(shapes!);
      if (!marks.has('.store')) marks.set('.store', mark!);
      return `${marks.get('.store')}/${runId}`;
    };
    const target = { rows: hash(rows!), gone: hash(gone!), nowMs: nowMs!, store };
    const answers: Reply[] = inGroups(args, 7).flatMap((row) => writeRow(target, row));
    return [...answers, asked ? store() : ''];
  },
  SettleRows: (hash, [key], args) => {
    const rows = hash(key!);
    for (const [id, position] of inGroups(args, 2) as [string, string][]) {
      const stored = rows.get(id);
      if (stored?.slice(0, POSITION) !== position) continue;
      const { flag, links, text } = split(stored);
      rows.set(id, `${position}${flag}${links}\n\n${text}`);
    }
    return null;
  },
  LowerPosition: (hash, [key], [id, position]) => {
    const stored = hash(key!).get(id!);
    if (stored?.slice(0, POSITION) !== position) return 0;
    hash(key!).set(id!, '0'.repeat(POSITION) + stored!.slice(POSITION));
    return 1;
  },
  ForgetRows: (hash, [rows, gone], args) => forget(hash(rows!), hash(gone!), args),
  EnterFirst: (hash, [key], [most, ...args]) =>
    inGroups(args, 3).map((entry) => enterFirst(hash(key!), Number(most), entry)),
  LeaveFirst: (hash, [key], args) => inGroups(args, 3).map((entry) => leaveFirst(hash(key!), entry)),
  EnterNode: (hash, [key], [most, ...args]) =>
    inGroups(args, 2).map((entry) => enterNode(hash(key!), Number(most), entry)),
  LeaveNode: (hash, [key], args) => inGroups(args, 2).map((entry) => leaveNode(hash(key!), entry)),
};
