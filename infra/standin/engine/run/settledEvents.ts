import type { EngineEvent, EngineEvents } from '../../tds/engineSession.ts';
import type { Keeper } from './serverState.ts';

/** Holds every event back until whatever had happened when it was asked for is safe on disk. */
export function settledFirst(events: EngineEvents, keeper: Keeper): EngineEvents {
  if (Symbol.iterator in events) return settledOnce(events, keeper);
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

/** The same for a request that has ended: waits once. */
function settledOnce(events: Iterable<EngineEvent>, keeper: Keeper): EngineEvents {
  const settled = keeper.settled();
  if (settled === null) return events;
  return (async function* () {
    await settled;
    yield* events;
  })();
}
