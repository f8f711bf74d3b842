import { setTimeout as delay } from 'node:timers/promises';
import type { Supervised } from './roles.ts';
import { between, type Stage, type Trouble } from './trouble.ts';

const MOST_CONSUMERS = 3;

function anyConsumer({ world, random }: Stage): Supervised {
  // None while an operator has stopped them all: a blow then falls on the capture.
  return world.consumers[Math.floor(random() * world.consumers.length)] ?? world.capture;
}

/** What happens to our own processes. */
export const PROCESS_TROUBLES: readonly Trouble[] = [
  { name: 'kill capture', weight: 3, happen: ({ world }) => world.capture.kill() },
  { name: 'kill a consumer', weight: 6, happen: (stage) => anyConsumer(stage).kill() },
  {
    name: 'kill all consumers',
    weight: 2,
    happen: async ({ world }) => void (await Promise.all(world.consumers.map((consumer) => consumer.kill()))),
  },
  {
    name: 'kill everything',
    weight: 1,
    happen: async ({ world }) =>
      void (await Promise.all([world.capture, world.storefront, ...world.consumers].map((role) => role.kill()))),
  },
  { name: 'kill storefront', weight: 1, happen: ({ world }) => world.storefront.kill() },
  {
    // Long enough for the group to give its partitions to another, so that there are two owners when it wakes.
    name: 'a consumer sleeps through its session',
    weight: 5,
    happen: async (stage) => anyConsumer(stage).pause(9000 + stage.random() * 6000),
  },
  {
    name: 'a consumer sleeps shortly',
    weight: 2,
    happen: async (stage) => anyConsumer(stage).pause(1000 + stage.random() * 2000),
  },
  { name: 'capture sleeps through its lease', weight: 2, happen: async (stage) => stage.world.capture.pause(8000) },
  {
    name: 'a consumer joins',
    weight: 5,
    happen: ({ world, operator }) =>
      operator.take(async () => {
        if (world.consumers.length < MOST_CONSUMERS) world.addConsumer();
      }),
  },
  {
    name: 'a consumer leaves',
    weight: 4,
    happen: (stage) =>
      stage.operator.take(async () => {
        if (stage.world.consumers.length > 1) await stage.world.removeConsumer(anyConsumer(stage));
      }),
  },
  {
    name: 'consumers join and leave in turns',
    weight: 2,
    happen: ({ world, random, operator }) =>
      operator.take(async () => {
        for (let round = 0; round < 3; round++) {
          const guest = world.addConsumer();
          await between(random, 1500, 4000);
          await world.removeConsumer(guest);
        }
      }),
  },
  {
    name: 'consumers are killed again and again',
    weight: 2,
    happen: async (stage) => {
      for (let round = 0; round < 4; round++) {
        await anyConsumer(stage).kill();
        await delay(800 + stage.random() * 2500);
      }
    },
  },
];
