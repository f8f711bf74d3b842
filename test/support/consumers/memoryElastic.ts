import type { Elastic } from '#consumers/catalog/elastic.ts';

interface Stored {
  readonly version: number;
  readonly source: Record<string, unknown>;
}

/** Elasticsearch as far as the bulk writer sees it: external versions, nothing else. */
export class MemoryElastic {
  readonly documents = new Map<string, Stored>();

  connection(gate: () => Promise<void>): Elastic {
    return {
      request: async <T>(_method: string, path: string, body?: object | string): Promise<T> => {
        if (path.includes('/_bulk')) {
          const items: object[] = [];
          for (const [action, source] of pairs(String(body))) {
            await gate();
            items.push({ index: { status: this.#index(action, source) } });
          }
          return { items } as T;
        }
        throw new Error(`memory Elasticsearch does not know ${path}`);
      },
      close: async () => undefined,
    };
  }

  /** Id → document without the pipeline's own fields; hidden ones left out. */
  visible(): Map<string, object> {
    const found = new Map<string, object>();
    for (const [id, { source }] of this.documents) {
      const { deleted, sluice: _sluice, ...document } = source;
      if (deleted !== true) found.set(id, document);
    }
    return found;
  }

  #index(action: string, source: string): number {
    const { _id, version } = (JSON.parse(action) as { index: { _id: string; version: number } }).index;
    const stored = this.documents.get(_id);
    if (stored !== undefined && stored.version >= version) return 409;
    this.documents.set(_id, { version, source: JSON.parse(source) as Record<string, unknown> });
    return stored === undefined ? 201 : 200;
  }
}

function pairs(body: string): [string, string][] {
  const lines = body.trimEnd().split('\n');
  return Array.from({ length: lines.length / 2 }, (_, i) => [lines[i * 2]!, lines[i * 2 + 1]!]);
}
