/** A source of items in ascending position order that may have to wait for more. */
export interface MergeSource<T> {
  /** The next item without taking it; undefined when there are no more. */
  peek(): Promise<T | undefined> | T | undefined;
  /** Takes the item that `peek` gave. */
  take(): void;
}

/** Items in one run at most. */
const RUN = 512;

/**
 * Merges sources into one ascending sequence by `positionOf`; equal positions keep the order of the sources. Gives it in runs: what can be
 * had without waiting comes together. Holds one item a source besides.
 */
export async function* mergeByPosition<T>(
  sources: readonly MergeSource<T>[],
  positionOf: (item: T) => string,
): AsyncGenerator<readonly T[]> {
  const heads: { source: MergeSource<T>; order: number; item: T; at: string }[] = [];
  for (const [order, source] of sources.entries()) {
    const item = await source.peek();
    if (item !== undefined) push(heads, { source, order, item, at: positionOf(item) });
  }
  let run: T[] = [];
  while (heads.length > 0) {
    const head = heads[0]!;
    run.push(head.item);
    head.source.take();
    let next = head.source.peek();
    if (next instanceof Promise || run.length >= RUN) {
      // What it waits for may fail while the run is being worked on; it is met afterwards.
      if (next instanceof Promise) next.catch(() => undefined);
      yield run;
      run = [];
      next = await next;
    }
    if (next === undefined) {
      const last = heads.pop()!;
      if (heads.length === 0) break;
      if (last !== head) heads[0] = last;
    } else {
      head.item = next;
      head.at = positionOf(next);
    }
    sink(heads, 0);
  }
  if (run.length > 0) yield run;
}

interface Head {
  readonly order: number;
  readonly at: string;
}

const before = (a: Head, b: Head): boolean => (a.at === b.at ? a.order < b.order : a.at < b.at);

function push<H extends Head>(heap: H[], head: H): void {
  heap.push(head);
  for (let i = heap.length - 1; i > 0; ) {
    const parent = (i - 1) >> 1;
    if (!before(heap[i]!, heap[parent]!)) return;
    [heap[i], heap[parent]] = [heap[parent]!, heap[i]!];
    i = parent;
  }
}

function sink<H extends Head>(heap: H[], from: number): void {
  for (let i = from; ; ) {
    let least = i;
    for (const child of [2 * i + 1, 2 * i + 2]) {
      if (child < heap.length && before(heap[child]!, heap[least]!)) least = child;
    }
    if (least === i) return;
    [heap[i], heap[least]] = [heap[least]!, heap[i]!];
    i = least;
  }
}
