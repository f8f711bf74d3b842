import type { EngineEvent } from '../../tds/engineSession.ts';
import type { Keeper } from './serverState.ts';

/** Holds every event back until whatever had happened when it was asked for is safe on disk. */
export function settledFirst(events: AsyncIterable<EngineEvent>, keeper: Keeper): AsyncIterable<EngineEvent> {
  return {
    [Symbol.asyncIterator]() {
      const inner = events[Symbol.asyncIterator]();
      return {
        async next() {
          const result = await inner.next();
          await keeper.settled();
          return result;
        },
        return: async () => (await inner.return?.()) ?? { done: true, value: undefined },
      };
    },
  };
}
