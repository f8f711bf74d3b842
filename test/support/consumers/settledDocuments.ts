import { isDeepStrictEqual } from 'node:util';
import { ALIAS, indexOf, VERSIONS } from './blueGreenTrouble.ts';
import type { MemoryIndexes } from './memoryIndexes.ts';
import type { SourceModel, SourceStep } from './sourceModel.ts';

/** Whoever may move searches. */
export interface Mover {
  /** The documents that were settled when it had compared the index it moves to, or began to go back: it answers for them. */
  reference: ReadonlySet<string>;
  /** Damaged since it began to compare, so perhaps after it had. */
  readonly damaged: Set<string>;
}

/**
 * A document is *settled* when everything the source did was handled and searches show it: from then on searches must show it, in whatever index
 * they are, until the source changes it or the index they are at is set back.
 */
export class SettledDocuments {
  /** What the versions' indexes must show in the end, id → document. */
  expected: readonly ReadonlyMap<string, object>[] = VERSIONS.map(() => new Map());
  readonly #source: SourceModel;
  readonly #indexes: MemoryIndexes;
  readonly #settled = new Set<string>();

  constructor(source: SourceModel, indexes: MemoryIndexes) {
    this.#source = source;
    this.#indexes = indexes;
  }

  commit(step: SourceStep): void {
    const before = this.expected[1]!;
    this.#source.commit(step);
    this.expected = VERSIONS.map((definition) => this.#source.documents(definition));
    for (const id of new Set([...before.keys(), ...this.expected[1]!.keys()]))
      if (!isDeepStrictEqual(before.get(id), this.expected[1]!.get(id))) this.#settled.delete(id);
  }

  /** What is settled now; less what is damaged. */
  now(isDamaged: (id: string) => boolean = () => false): ReadonlySet<string> {
    return new Set([...this.#settled].filter((id) => !isDamaged(id)));
  }

  /** The searched index was set back. */
  forget(): void {
    this.#settled.clear();
  }

  /** Where indexes are neither lost nor damaged whoever moves searches answers for everything that is settled by then. */
  moved({ reference, damaged }: Mover, areSafe: boolean): void {
    for (const id of this.#settled) if ((!areSafe && !reference.has(id)) || damaged.has(id)) this.#settled.delete(id);
  }

  /** @throws when searches do not show what was settled. `isHandled`: everything was, up to the documents of this version */
  watch(isHandled: (place: number) => boolean): void {
    const live = this.#indexes.behind(ALIAS);
    if (live === undefined) return;
    const place = VERSIONS.findIndex((definition) => indexOf(definition) === live);
    const expected = this.expected[place]!;
    const shown = this.#indexes.visible(live);
    const handled = isHandled(place);
    for (const id of ['K0', 'K1', 'K2'])
      if (isDeepStrictEqual(shown.get(id), expected.get(id))) {
        if (handled) this.#settled.add(id);
      } else if (this.#settled.has(id)) {
        const [now, before] = [shown.get(id), expected.get(id)].map((document) => JSON.stringify(document));
        throw new Error(`searches of ${live} show ${id} as ${now} after they had shown ${before}`);
      }
  }
}
