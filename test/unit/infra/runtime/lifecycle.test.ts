import { describe, expect, it } from 'vitest';
import { backgroundLoop } from '#infra/runtime/background.ts';
import { type Component, Lifecycle } from '#infra/runtime/lifecycle.ts';
import { silentLogger } from '#infra/runtime/logger.ts';

function recorded(name: string, events: string[]): Component {
  return {
    name,
    start: async () => void events.push(`start ${name}`),
    stop: async () => void events.push(`stop ${name}`),
  };
}

describe('Lifecycle', () => {
  it('starts in order, is ready, and stops in reverse order with exit code 0', async () => {
    const events: string[] = [];
    const lifecycle = new Lifecycle({ log: silentLogger }).add(recorded('a', events)).add(recorded('b', events));
    const code = await lifecycle.run(() => {
      events.push(`ready ${lifecycle.ready}`);
      lifecycle.stop();
    });
    expect(code).toBe(0);
    expect(events).toEqual(['start a', 'start b', 'ready true', 'stop b', 'stop a']);
    expect(lifecycle.ready).toBe(false);
  });

  it('stops what had started and exits with 1 when a component cannot start', async () => {
    const events: string[] = [];
    const broken: Component = { ...recorded('broken', events), start: () => Promise.reject(new Error('no')) };
    const code = await new Lifecycle({ log: silentLogger })
      .add(recorded('a', events))
      .add(broken)
      .add(recorded('never', events))
      .run();
    expect(code).toBe(1);
    expect(events).toEqual(['start a', 'stop broken', 'stop a']);
  });

  it('exits with 1 when a running component fails for good', async () => {
    const events: string[] = [];
    const failing = backgroundLoop('loop', () => Promise.reject(new Error('broken for good')));
    const code = await new Lifecycle({ log: silentLogger }).add(recorded('a', events)).add(failing).run();
    expect(code).toBe(1);
    expect(events).toContain('stop a');
  });
});

describe('backgroundLoop', () => {
  it('ends its loop through the signal and does not call that a failure', async () => {
    let ended = false;
    const loop = backgroundLoop('loop', async (signal) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      ended = true;
      signal.throwIfAborted();
    });
    await loop.start(new AbortController().signal);
    await loop.stop();
    expect(ended).toBe(true);
  });
});
