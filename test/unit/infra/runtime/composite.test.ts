import { expect, it } from 'vitest';
import { inOrder, together } from '#infra/runtime/composite.ts';
import type { Component } from '#infra/runtime/lifecycle.ts';

const NEVER = new AbortController().signal;

/** Notes what is done to it; stops when told. */
function slow(name: string, events: string[]) {
  const end = Promise.withResolvers<void>();
  const component: Component = {
    name,
    start: async () => void events.push(`start ${name}`),
    stop: async () => {
      events.push(`stop ${name}`);
      await end.promise;
    },
  };
  return { component, end };
}

it('components that are together start in order and stop at once', async () => {
  const events: string[] = [];
  const [a, b] = [slow('a', events), slow('b', events)];
  const both = together('both', [a.component, b.component]);
  await both.start(NEVER);
  const stopping = both.stop();
  expect(events).toEqual(['start a', 'start b', 'stop a', 'stop b']);
  a.end.resolve();
  b.end.resolve();
  await stopping;
});

it('components in order stop in reverse, each after the one before', async () => {
  const events: string[] = [];
  const [a, b] = [slow('a', events), slow('b', events)];
  const both = inOrder('both', [a.component, b.component]);
  await both.start(NEVER);
  const stopping = both.stop();
  expect(events).toEqual(['start a', 'start b', 'stop b']);
  b.end.resolve();
  a.end.resolve();
  await stopping;
  expect(events.at(-1)).toBe('stop a');
});

it.each([together, inOrder])(
  '$name stops only what was started, all of it, and tells the first error',
  async (compose) => {
    const events: string[] = [];
    const broken = (name: string): Component => ({
      name,
      start: () => Promise.reject(new Error(`${name} cannot start`)),
      stop: () => Promise.reject(new Error(`${name} cannot stop`)),
    });
    const a = slow('a', events);
    a.end.resolve();
    const all = compose('all', [a.component, broken('b'), slow('c', events).component]);
    await expect(all.start(NEVER)).rejects.toThrow('b cannot start');
    await expect(all.stop()).rejects.toThrow('b cannot stop');
    expect(events).toEqual(['start a', 'stop a']);
  },
);

it('fails when one of them does', async () => {
  const failed = Promise.reject(new Error('broken for good'));
  failed.catch(() => undefined);
  const all = together('all', [slow('a', []).component, { ...slow('b', []).component, failed }]);
  await expect(all.failed).rejects.toThrow('broken for good');
});
