import { ShopServer } from '#infra/demo/shop/shopServer.ts';
import { EPOS_SHOP } from '#infra/demo/shops.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { eposDocuments } from './eposDocuments.ts';
import { type FakeShopApis, startFakeShopApis } from './fakeShopApis.ts';

/** A running shop page to test against. */
export interface RunningShop {
  /** Base address of the page. */
  readonly url: string;
  /** The shop's APIs behind it. */
  readonly apis: FakeShopApis;
  stop(): Promise<void>;
}

/** The command API's key in these tests; it must never be seen by the browser. */
export const TEST_KEY = 'test-key-that-stays-on-the-server';

/** What webhooks to the shop in these tests are signed with. */
export const TEST_HOOKS_SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

/** Starts the page's server in front of fake APIs that serve a small general store. */
export async function startDemoShop(port = 0): Promise<RunningShop> {
  const { data, documents } = eposDocuments({ seed: 7, products: 900, customers: 20, orders: 20 });
  const shelves = new Map<string, Map<string, { onHand: number; reserved: number }>>();
  for (const row of data.stock) {
    const places = shelves.get(row.PROD_CODE) ?? new Map();
    places.set(String(row.BRANCH_NO), { onHand: row.QTY_ON_HAND, reserved: row.QTY_ALLOC });
    shelves.set(row.PROD_CODE, places);
  }
  const apis = await startFakeShopApis(documents, shelves);
  const server = new ShopServer({
    port,
    storefrontUrl: apis.url,
    commandsUrl: apis.url,
    commandsKey: TEST_KEY,
    customerId: EPOS_SHOP.demoCustomerId,
    log: silentLogger,
    webhookSecret: TEST_HOOKS_SECRET,
    shop: {
      title: EPOS_SHOP.title,
      tagline: EPOS_SHOP.tagline,
      currency: EPOS_SHOP.currency,
      locale: EPOS_SHOP.locale,
      deliveryLocations: EPOS_SHOP.deliveryLocations,
      locations: Object.fromEntries(
        data.branches.map((row) => [String(row.BRANCH_NO), `${row.BRANCH_NAME}, ${row.TOWN}`]),
      ),
    },
  });
  await server.start();
  return {
    url: server.url,
    apis,
    async stop() {
      await server.stop();
      await apis.stop();
    },
  };
}
