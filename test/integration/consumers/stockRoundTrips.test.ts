import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { readStock } from '#consumers/stock/reader.ts';
import { levelText, skuKey } from '#consumers/stock/stockKeys.ts';
import { command, RedisClient } from '#infra/redis/client.ts';
import { silentLogger } from '#infra/runtime/logger.ts';

const SKUS = Array.from({ length: 200 }, (_, i) => `TRIP${i}`);
const sockets = new Set<Socket>();
/** How often the client began to speak after the server had answered. */
let trips = 0;
let direct: RedisClient;
let counted: RedisClient;
let closeDoor: () => void;

/** A door in front of Redis that counts round trips. */
beforeAll(async () => {
  const { url } = inject('stack').redis!;
  const { hostname, port } = new URL(url);
  const door = createServer((client) => {
    const server = connect(Number(port), hostname);
    let isAsking = false;
    client.on('data', (part) => {
      if (!isAsking) trips++;
      isAsking = true;
      server.write(part);
    });
    server.on('data', (part) => {
      isAsking = false;
      client.write(part);
    });
    for (const socket of [client, server]) sockets.add(socket.on('error', () => undefined));
  });
  door.listen(0, '127.0.0.1');
  await once(door, 'listening');
  closeDoor = () => door.close();
  const keyPrefix = `trips${process.pid}:`;
  const { port: own } = door.address() as { port: number };
  direct = new RedisClient({ url, keyPrefix, name: 'test', log: silentLogger });
  counted = new RedisClient({ url: `redis://127.0.0.1:${own}`, keyPrefix, name: 'test', log: silentLogger });
  const text = `${'0'.repeat(48)}2${levelText({ onHand: 5, reserved: 1 })}`;
  await direct.sendAll(SKUS.map((sku) => command('HSET', skuKey(direct, sku), '1', text, '2', text)));
});

afterAll(async () => {
  await direct.sendAll(SKUS.map((sku) => command('DEL', skuKey(direct, sku))));
  await Promise.all([direct.close(), counted.close()]);
  for (const socket of sockets) socket.destroy();
  closeDoor();
});

it('reads two hundred articles with their age in one round trip', async () => {
  await readStock(counted, 'g', ['TRIP0']);
  trips = 0;
  const levels = await readStock(counted, 'g', SKUS);
  expect([levels.size, levels.get('TRIP199')]).toEqual([200, expect.objectContaining({ available: 8 })]);
  expect(trips).toBe(1);
});
