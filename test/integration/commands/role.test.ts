import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createKey } from '#connectors/commands/callers/keys.ts';
import { checkCommands } from '#infra/cli/commands/checkCommands.ts';
import { composeCommands } from '#infra/cli/roles/commands.ts';
import type { RoleParts } from '#infra/cli/roles/role.ts';
import { commandsSchema } from '#infra/runtime/config/commands.ts';
import type { Config } from '#infra/runtime/config/config.ts';
import { Secret } from '#infra/runtime/config/reference.ts';
import { hasCode } from '#infra/runtime/errors.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { createMetrics } from '#infra/runtime/metrics.ts';
import { type CommandShop, createCommandShop } from '#test/support/commandShop.ts';

let shop: CommandShop;
let key: string;
let keyList: string;

const secret = (value: string): Secret => new Secret('a test', () => value);

/** The role as `sluice up --role commands` composes it; only the sections it reads are there. */
function configOf(user: string, password: string): Config {
  const { database, server, port, encrypt, trustServerCertificate, connectTimeoutMs, requestTimeoutMs } =
    shop.commandOptions;
  return {
    source: { database, server, port, encrypt, trustServerCertificate, connectTimeoutMs, requestTimeoutMs },
    commands: commandsSchema.parse({ user, password: secret(password), keys: secret(keyList) }),
  } as unknown as Config;
}

function compose(user: string, password: string): Promise<RoleParts> {
  const config = configOf(user, password);
  return composeCommands({ config, log: silentLogger, metrics: createMetrics(), signal: new AbortController().signal });
}

async function start(parts: RoleParts): Promise<void> {
  for (const component of parts.components) await component.start(new AbortController().signal);
}

async function stop(parts: RoleParts): Promise<void> {
  for (const component of parts.components.toReversed()) await component.stop();
}

beforeAll(async () => {
  shop = await createCommandShop(inject('stack').sqlserver!, 'epos');
  const created = await createKey({ id: 'web', scopes: ['orders:write'] });
  key = created.key;
  keyList = JSON.stringify([created.entry]);
});

afterAll(async () => {
  await shop?.close();
});

describe('the commands role', () => {
  it('starts with its own login, takes an order over HTTP and tells what it did', async () => {
    const parts = await compose(shop.commandOptions.user, shop.commandOptions.password);
    await start(parts);
    try {
      const { url } = parts.status['commands']!() as { url: string };
      const { sku, price } = shop.goods.kettle;
      const answer = await fetch(`${url}/orders`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${key}`,
          'idempotency-key': randomUUID(),
          'content-type': 'application/json',
        },
        body: JSON.stringify({
          customerId: '1',
          currency: 'GBP',
          lines: [{ sku, quantity: 1, unitPrice: price }],
          total: price,
        }),
      });
      expect([answer.status, (await fetch(`${url}/readyz`)).status]).toEqual([201, 200]);
      expect(parts.status['commands']!()).toMatchObject({ running: 0, waiting: 0, decided: { done: 1 } });
    } finally {
      await stop(parts);
    }
  });

  it('does not start with a login that can do more', async () => {
    const parts = await compose('sa', inject('stack').sqlserver!.saPassword);
    const error = await start(parts).catch((e: unknown) => e);
    await stop(parts);
    expect(hasCode(error, 'CMD_LOGIN_TOO_POWERFUL')).toBe(true);
    expect(String(error)).toContain('member of sysadmin');
  });

  it('does not start with a wrong password, and says so without it', async () => {
    const parts = await compose(shop.commandOptions.user, 'wrong-password');
    const error = await start(parts).catch((e: unknown) => e);
    await stop(parts);
    expect(hasCode(error, 'SQL_LOGIN_FAILED')).toBe(true);
    expect(String(error)).not.toContain('wrong-password');
  });

  it('is looked at by `sluice check`: its login, what it may and may not, and its keys', async () => {
    const look = async (user: string, password: string) => {
      const results = await checkCommands(configOf(user, password));
      return results.map(({ check, ok, actual }) => [check.replace('commands: ', ''), ok, actual]);
    };
    const { user, password } = shop.commandOptions;
    expect(await look(user, password)).toEqual([
      ['login can run its procedures', true, 'as it should be'],
      ['login can do nothing else', true, 'as it should be'],
      ['API keys', true, '1 listed'],
    ]);
    const [, powerful] = await look('sa', inject('stack').sqlserver!.saPassword);
    expect([powerful?.[1], powerful?.[2]]).toEqual([false, expect.stringContaining('member of sysadmin')]);
    const [wrong] = await look(user, 'wrong-password');
    expect([wrong?.[1], wrong?.[2]]).toEqual([false, expect.stringContaining('SQL_LOGIN_FAILED')]);
    expect(JSON.stringify(wrong)).not.toContain('wrong-password');
  });
});
