import { beforeAll, describe, expect, it } from 'vitest';
import { KeyRing } from '#connectors/commands/callers/keyRing.ts';
import { createKey } from '#connectors/commands/callers/keys.ts';
import { COMMANDS } from '#connectors/commands/model/commands.ts';
import { SCOPES, type Scope } from '#connectors/commands/model/defineCommand.ts';
import { CommandHarness } from './commandHarness.ts';

const keyOf = new Map<Scope | 'none', string>();
let door: CommandHarness;

beforeAll(async () => {
  const made = await Promise.all(
    [...SCOPES, 'none' as const].map(async (scope) => ({
      scope,
      ...(await createKey({ id: scope.replace(':', '-'), scopes: scope === 'none' ? [] : [scope] })),
    })),
  );
  for (const { scope, key } of made) keyOf.set(scope, key);
  door = new CommandHarness({
    full: keyOf.get('none')!,
    cancel: '',
    ring: new KeyRing(made.map(({ entry }) => entry)),
  });
});

/** Every route and the scope it needs; undefined: any credential, each command inside is checked by itself. */
const ROUTES: readonly { readonly method: 'GET' | 'POST'; readonly path: string; readonly scope: Scope | undefined }[] =
  [
    ...COMMANDS.map(({ route, guard }) => ({ method: route.method, path: route.path, scope: guard.scope })),
    { method: 'POST', path: '/batches', scope: undefined },
    { method: 'GET', path: '/commands/11111111-1111-8111-8111-111111111111', scope: undefined },
  ];
const PUBLIC = ['/livez', '/readyz', '/openapi.json', '/problems/validation'];

const send = (method: 'GET' | 'POST', path: string, key?: string) => {
  const url = path.replaceAll(/\{\w+\}/g, '1');
  return door.app.inject({
    method,
    url,
    headers: { 'content-type': 'application/json', ...(key && { authorization: `Bearer ${key}` }) },
    ...(method === 'POST' && { payload: '{}' }),
  });
};

describe.each(ROUTES)('$method $path', ({ method, path, scope }) => {
  it('is closed to whoever proves nothing', async () => {
    for (const key of [undefined, 'slk_aaaaaaaaaaaa_x', 'a.b.c'])
      expect((await send(method, path, key)).statusCode).toBe(401);
  });

  it.each([...SCOPES, 'none' as const])(
    'with the scope %s alone opens only if it is the one it needs',
    async (held) => {
      const { statusCode } = await send(method, path, keyOf.get(held));
      expect(statusCode === 403).toBe(scope !== undefined && scope !== held);
      expect(statusCode).not.toBe(401);
      expect(door.gateway.calls).toHaveLength(0);
    },
  );
});

describe('the routes without a credential', () => {
  it('are these and no others', async () => {
    for (const url of PUBLIC) expect((await door.app.inject(url)).statusCode).toBe(200);
    const known = [
      ...PUBLIC.map((url) => url.replace('validation', ':code')),
      ...ROUTES.map(({ path }) => path.replaceAll(/\{(\w+)\}/g, ':$1').replace(/[0-9a-f-]{36}/, ':commandId')),
    ];
    const routes = door.app.printRoutes({ commonPrefix: false }).matchAll(/(\/\S*) \(([A-Z, ]+)\)/g);
    // The tree prints a route's end below its beginning; counting is enough to notice one that nobody listed.
    expect(
      [...routes].flatMap(([, , methods = '']) => methods.split(', ').filter((name) => name !== 'HEAD')).length,
    ).toBe(known.length);
  });
});
