import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

type KeyPair = Awaited<ReturnType<typeof generateKeyPair>>;

/** An issuer of tokens with a JWKS endpoint of its own, whose keys can be rotated and which can be silent. */
export class TokenIssuer {
  readonly issuer = 'https://login.example';
  readonly audience = 'sluice-commands';
  /** How often the keys were asked for. */
  asked = 0;
  isSilent = false;
  readonly #server: Server;
  readonly #keys = new Map<string, KeyPair>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<TokenIssuer> {
    const server = createServer();
    const issuer = new TokenIssuer(server);
    server.on('request', (_request, response) => {
      issuer.asked++;
      if (issuer.isSilent) {
        response.writeHead(503).end();
        return;
      }
      issuer
        .jwks()
        .then((body) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body)));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    await issuer.addKey('k1');
    return issuer;
  }

  get jwksUrl(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/keys`;
  }

  async addKey(kid: string): Promise<void> {
    this.#keys.set(kid, await generateKeyPair('ES256', { extractable: true }));
  }

  removeKey(kid: string): void {
    this.#keys.delete(kid);
  }

  async jwks() {
    const keys = [...this.#keys].map(async ([kid, pair]) => ({
      ...(await exportJWK(pair.publicKey)),
      kid,
      alg: 'ES256',
      use: 'sig',
    }));
    return { keys: await Promise.all(keys) };
  }

  /** A good token, changed by what is given. */
  sign(
    more: {
      readonly claims?: Record<string, unknown>;
      readonly kid?: string;
      readonly header?: object;
      readonly expires?: number;
      readonly issued?: number;
    } = {},
  ): Promise<string> {
    const { claims = {}, kid = 'k1' } = more;
    const nowSeconds = Math.floor(Date.now() / 1000);
    return new SignJWT({ sub: 'shopper-7', scope: 'orders:write orders:read profile', customer: '17', ...claims })
      .setProtectedHeader({ alg: 'ES256', kid, ...more.header })
      .setIssuer((claims['iss'] as string | undefined) ?? this.issuer)
      .setAudience((claims['aud'] as string | undefined) ?? this.audience)
      .setIssuedAt(more.issued ?? nowSeconds)
      .setExpirationTime(more.expires ?? nowSeconds + 300)
      .sign(this.#keys.get(kid)!.privateKey);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
