/** Entries a leaf or children an inner node holds before it splits. */
const FANOUT = 64;

interface Leaf<V> {
  readonly leaf: true;
  keys: string[];
  values: V[];
  next: Leaf<V> | null;
  prev: Leaf<V> | null;
}

interface Inner<V> {
  readonly leaf: false;
  /** keys[i] is not above any key below children[i + 1] and above every key below children[i]. */
  keys: string[];
  children: TreeNode<V>[];
}

type TreeNode<V> = Leaf<V> | Inner<V>;

/** A place between keys: right before (`after` false) or right after (`after` true) all keys that start with `prefix`. */
export interface Bound {
  readonly prefix: string;
  readonly after: boolean;
}

/** The place before every key, and the one behind every key. */
export const FIRST: Bound = { prefix: '', after: false };
export const LAST: Bound = { prefix: '', after: true };

/** True when `key` lies before the bound. */
export function isBefore(key: string, bound: Bound): boolean {
  return key < bound.prefix || (bound.after && key.startsWith(bound.prefix));
}

/** Orders bounds; negative when `a` lies before `b`. */
export function compareBounds(a: Bound, b: Bound): number {
  if (a.prefix === b.prefix) return Number(a.after) - Number(b.after);
  if (a.after && b.prefix.startsWith(a.prefix)) return 1;
  if (b.after && a.prefix.startsWith(b.prefix)) return -1;
  return a.prefix < b.prefix ? -1 : 1;
}

/**
 * An ordered map from text keys (compared by UTF-16 unit) to values: a B+tree with linked leaves. Deleting never joins nodes that are merely
 * small, only empty leaves go: index keys come and go in runs, so nodes fill up again.
 */
export class OrderedMap<V> {
  #root: TreeNode<V> = { leaf: true, keys: [], values: [], next: null, prev: null };
  #size = 0;
  /** Changes whenever a place found earlier may no longer hold. */
  version = 0;

  get size(): number {
    return this.#size;
  }

  get(key: string): V | undefined {
    const leaf = this.#leafFor(key);
    const at = lowerBound(leaf.keys, key);
    return leaf.keys[at] === key ? leaf.values[at] : undefined;
  }

  /** Adds or replaces. */
  set(key: string, value: V): void {
    const path: Inner<V>[] = [];
    const slots: number[] = [];
    const leaf = this.#descend(key, path, slots);
    const at = lowerBound(leaf.keys, key);
    if (leaf.keys[at] === key) {
      leaf.values[at] = value;
      return;
    }
    this.version++;
    this.#size++;
    if (at === leaf.keys.length) {
      leaf.keys.push(key);
      leaf.values.push(value);
    } else {
      leaf.keys.splice(at, 0, key);
      leaf.values.splice(at, 0, value);
    }
    if (leaf.keys.length > FANOUT) this.#split(leaf, at, path, slots);
  }

  /** Removes; false when the key is not there. */
  delete(key: string): boolean {
    const path: Inner<V>[] = [];
    const slots: number[] = [];
    const leaf = this.#descend(key, path, slots);
    const at = lowerBound(leaf.keys, key);
    if (leaf.keys[at] !== key) return false;
    this.version++;
    this.#size--;
    leaf.keys.splice(at, 1);
    leaf.values.splice(at, 1);
    if (leaf.keys.length === 0 && path.length > 0) this.#unlink(leaf, path, slots);
    return true;
  }

  /** First entry whose key starts with `prefix`, or undefined. */
  firstWithPrefix(prefix: string): V | undefined {
    const place = this.place({ prefix, after: false });
    if (place === null) return undefined;
    return place.leaf.keys[place.at]!.startsWith(prefix) ? place.leaf.values[place.at] : undefined;
  }

  /** Entries from `from` to `to` in order, or from behind. Adding and removing entries meanwhile is allowed. */
  cursor(from: Bound, to: Bound, reverse = false): Cursor<V> {
    return new Cursor(this, from, to, reverse);
  }

  /** The first entry at or behind the bound; null when there is none. */
  place(bound: Bound): { leaf: Leaf<V>; at: number } | null {
    let node = this.#root;
    while (!node.leaf) node = node.children[countBefore(node.keys, bound)]!;
    const at = countBefore(node.keys, bound);
    if (at < node.keys.length) return { leaf: node, at };
    return node.next ? { leaf: node.next, at: 0 } : null;
  }

  /** The last entry before the bound; null when there is none. */
  placeBefore(bound: Bound): { leaf: Leaf<V>; at: number } | null {
    let node = this.#root;
    while (!node.leaf) node = node.children[countBefore(node.keys, bound)]!;
    const at = countBefore(node.keys, bound) - 1;
    if (at >= 0) return { leaf: node, at };
    return node.prev ? { leaf: node.prev, at: node.prev.keys.length - 1 } : null;
  }

  #leafFor(key: string): Leaf<V> {
    let node = this.#root;
    while (!node.leaf) node = node.children[upperBound(node.keys, key)]!;
    return node;
  }

  #descend(key: string, path: Inner<V>[], slots: number[]): Leaf<V> {
    let node = this.#root;
    while (!node.leaf) {
      const slot = upperBound(node.keys, key);
      path.push(node);
      slots.push(slot);
      node = node.children[slot]!;
    }
    return node;
  }

  #split(leaf: Leaf<V>, insertedAt: number, path: Inner<V>[], slots: number[]): void {
    // Ascending loads (identity keys) leave full leaves behind instead of half empty ones.
    const cut = leaf.next === null && insertedAt === leaf.keys.length - 1 ? leaf.keys.length - 1 : FANOUT >> 1;
    const right: Leaf<V> = {
      leaf: true,
      keys: leaf.keys.splice(cut),
      values: leaf.values.splice(cut),
      next: leaf.next,
      prev: leaf,
    };
    if (leaf.next) leaf.next.prev = right;
    leaf.next = right;
    let added: TreeNode<V> = right;
    let separator = right.keys[0]!;
    for (let depth = path.length - 1; depth >= 0; depth--) {
      const parent = path[depth]!;
      const slot = slots[depth]!;
      parent.keys.splice(slot, 0, separator);
      parent.children.splice(slot + 1, 0, added);
      if (parent.children.length <= FANOUT) return;
      const middle = slot === parent.keys.length - 1 ? parent.keys.length - 1 : parent.keys.length >> 1;
      separator = parent.keys[middle]!;
      added = { leaf: false, keys: parent.keys.splice(middle + 1), children: parent.children.splice(middle + 1) };
      parent.keys.length = middle;
    }
    this.#root = { leaf: false, keys: [separator], children: [this.#root, added] };
  }

  #unlink(leaf: Leaf<V>, path: Inner<V>[], slots: number[]): void {
    if (leaf.prev) leaf.prev.next = leaf.next;
    if (leaf.next) leaf.next.prev = leaf.prev;
    for (let depth = path.length - 1; depth >= 0; depth--) {
      const parent = path[depth]!;
      const slot = slots[depth]!;
      parent.children.splice(slot, 1);
      parent.keys.splice(Math.max(0, slot - 1), 1);
      if (parent.children.length > 0) break;
    }
    while (!this.#root.leaf && this.#root.children.length === 1) this.#root = this.#root.children[0]!;
    if (!this.#root.leaf && this.#root.children.length === 0)
      this.#root = { leaf: true, keys: [], values: [], next: null, prev: null };
  }
}

/** Walks a range of an OrderedMap. `next()` moves to the first or following entry; `key` and `value` are then its parts. */
export class Cursor<V> {
  key = '';
  value!: V;
  readonly #map: OrderedMap<V>;
  readonly #from: Bound;
  readonly #to: Bound;
  readonly #reverse: boolean;
  #leaf: Leaf<V> | null = null;
  #at = 0;
  #version = -1;
  #state: 'new' | 'open' | 'done' = 'new';

  constructor(map: OrderedMap<V>, from: Bound, to: Bound, reverse: boolean) {
    this.#map = map;
    this.#from = from;
    this.#to = to;
    this.#reverse = reverse;
  }

  next(): boolean {
    if (this.#state === 'done') return false;
    const found = this.#reverse ? this.#back() : this.#forward();
    if (!found) this.#state = 'done';
    return found;
  }

  #forward(): boolean {
    if (this.#state === 'open' && this.#version === this.#map.version) this.#at++;
    else this.#seek(this.#map.place(this.#state === 'new' ? this.#from : { prefix: `${this.key}\0`, after: false }));
    if (this.#leaf !== null && this.#at >= this.#leaf.keys.length) {
      this.#leaf = this.#leaf.next;
      this.#at = 0;
    }
    return this.#take() && isBefore(this.key, this.#to);
  }

  #back(): boolean {
    if (this.#state === 'open' && this.#version === this.#map.version) this.#at--;
    else this.#seek(this.#map.placeBefore(this.#state === 'new' ? this.#to : { prefix: this.key, after: false }));
    if (this.#leaf !== null && this.#at < 0) {
      this.#leaf = this.#leaf.prev;
      this.#at = (this.#leaf?.keys.length ?? 0) - 1;
    }
    return this.#take() && !isBefore(this.key, this.#from);
  }

  #seek(place: { leaf: Leaf<V>; at: number } | null): void {
    this.#leaf = place?.leaf ?? null;
    this.#at = place?.at ?? 0;
    this.#version = this.#map.version;
    this.#state = 'open';
  }

  #take(): boolean {
    if (this.#leaf === null) return false;
    this.key = this.#leaf.keys[this.#at]!;
    this.value = this.#leaf.values[this.#at]!;
    return true;
  }
}

/** Number of keys < key. */
function lowerBound(keys: readonly string[], key: string): number {
  let lo = 0;
  let hi = keys.length;
  while (lo < hi) {
    const mid = (lo + hi) >> 1;
    if (keys[mid]! < key) lo = mid + 1;
    else hi = mid;
  }
  return lo;
}

/** Number of keys <= key. */
function upperBound(keys: readonly string[], key: string): number {
  let lo = 0;
  let hi = keys.length;
  while (lo < hi) {
    const mid = (lo + hi) >> 1;
    if (keys[mid]! <= key) lo = mid + 1;
    else hi = mid;
  }
  return lo;
}

/** Number of keys that lie before the bound. */
function countBefore(keys: readonly string[], bound: Bound): number {
  let lo = 0;
  let hi = keys.length;
  while (lo < hi) {
    const mid = (lo + hi) >> 1;
    if (isBefore(keys[mid]!, bound)) lo = mid + 1;
    else hi = mid;
  }
  return lo;
}
