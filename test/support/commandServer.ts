import { createCommandServer } from '#connectors/commands/http/server.ts';
import { SoapDoor } from '#connectors/commands/soap/soapDoor.ts';
import { createSelfSigned } from '#infra/standin/tls/selfSigned.ts';
import { commandParts } from './commandParts.ts';
import type { CommandShop } from './commandShop.ts';

/** The command API on a port of its own, over a test shop, with the SOAP door. */
export interface CommandServer {
  readonly url: string;
  /** A key that may do everything; its caller is `shop`. */
  readonly key: string;
  readonly caller: string;
  /** The certificate clients must trust; undefined without TLS. */
  readonly certificate: string | undefined;
  close(): Promise<void>;
}

/** Without `tls` the SOAP door takes passwords over plain HTTP too, as behind a proxy. */
export async function startCommandServer(shop: CommandShop, tls: boolean): Promise<CommandServer> {
  const caller = 'shop';
  const { database, key, server } = await commandParts(shop, caller);
  const { pipeline, authenticator, limits } = server;
  const identity = tls ? createSelfSigned('localhost', new Date()) : undefined;
  const app = createCommandServer({
    ...server,
    soap: {
      door: new SoapDoor({ useCases: pipeline, authenticator, url: 'https://localhost/soap' }),
      bodyLimitBytes: limits.bodyLimitBytes,
      requireTls: tls,
    },
    ...(identity === undefined ? {} : { tls: { ...identity, requireClientCertificate: false } }),
  });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  return {
    url,
    key,
    caller,
    certificate: identity?.cert,
    async close() {
      await app.close();
      await database.close();
    },
  };
}
