import type { Component } from './lifecycle.ts';

/** Several components as one: started in order and stopped in reverse, as a process does with its own. */
export function inOrder(name: string, components: readonly Component[]): Component {
  return composite(name, components, async (started) => {
    const errors: unknown[] = [];
    for (const component of started.reverse()) await component.stop().catch((error: unknown) => errors.push(error));
    return errors;
  });
}

/**
 * Several components as one that need nothing of each other: started in order, stopped all at once, so that a process whose servers do not
 * answer ends in the time of the slowest and not in the sum of all.
 */
export function together(name: string, components: readonly Component[]): Component {
  return composite(name, components, async (started) => {
    const ends = await Promise.allSettled(started.map((component) => component.stop()));
    return ends.flatMap((end) => (end.status === 'rejected' ? [end.reason as unknown] : []));
  });
}

/** `stopAll` gives what was thrown. */
function composite(
  name: string,
  components: readonly Component[],
  stopAll: (started: Component[]) => Promise<unknown[]>,
): Component {
  const started: Component[] = [];
  const failed = Promise.race(components.flatMap((component) => component.failed ?? []));
  // Looked at by whoever runs this, and that may be later.
  failed.catch(() => undefined);
  return {
    name,
    failed,
    start: async (signal) => {
      for (const component of components) {
        started.push(component);
        await component.start(signal);
      }
    },
    stop: async () => {
      const [error] = await stopAll(started);
      if (error !== undefined) throw error;
    },
  };
}
