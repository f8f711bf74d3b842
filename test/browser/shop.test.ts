import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { Webhook } from 'standardwebhooks';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findChromium } from '../support/chromium.ts';
import { type RunningShop, startDemoShop, TEST_HOOKS_SECRET, TEST_KEY } from '../support/demoShop.ts';
import { eventually } from '../support/eventually.ts';

const executablePath = findChromium();
if (executablePath === undefined) {
  process.stderr.write('test/browser: skipped, no Chromium found; set CHROMIUM_PATH or install one.\n');
}
const DESKTOP = { width: 1280, height: 860 };
const PHONE = { width: 390, height: 844 };

describe.skipIf(executablePath === undefined)('the demo shop in a browser (needs Chromium)', () => {
  let browser: Browser;
  let shop: RunningShop;
  let context: BrowserContext;
  let page: Page;
  let faults: string[];

  beforeAll(async () => {
    shop = await startDemoShop();
    const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    browser = await chromium.launch({ ...(executablePath ? { executablePath } : {}), args });
  });
  afterAll(async () => {
    await browser?.close();
    await shop?.stop();
  });
  beforeEach(async () => {
    context = await browser.newContext({ viewport: DESKTOP });
    page = await context.newPage();
    faults = [];
    page.on('pageerror', (error) => faults.push(String(error)));
    page.on('console', (message) => {
      if (message.text().includes('Content Security Policy')) faults.push(message.text());
    });
  });
  afterEach(async () => {
    await context.close();
    expect(faults).toEqual([]);
  });

  const total = () => page.locator('.results-total').textContent();
  const firstProduct = async (words: string): Promise<string> => {
    await page.goto(`${shop.url}/?q=${encodeURIComponent(words)}`);
    await page.locator('.card:not(.skeleton) .card-link').first().click();
    await page.locator('.places tbody tr').first().waitFor();
    return page.url().split('/').at(-1) ?? '';
  };
  const inStock = (sku: string, pieces: number): void => shop.apis.setStock(sku, '1', pieces);

  it('searches, narrows by facet, and keeps both in the address', async () => {
    await page.goto(shop.url);
    await page.locator('.card:not(.skeleton)').first().waitFor();
    const everything = await total();
    await page.fill('#finder-input', 'jacket');
    await page.keyboard.press('Enter');
    await eventually(async () => expect(await total()).not.toBe(everything));
    const found = await total();
    await page.locator('.facet', { hasText: 'Colour' }).locator('input').first().check();
    await eventually(async () => expect(await total()).not.toBe(found));
    const narrowed = await total();
    expect(page.url()).toMatch(/q=jacket&colour=/);
    await page.reload();
    await eventually(async () => expect(await total()).toBe(narrowed));
    await page.goBack();
    await eventually(async () => expect(await total()).toBe(found));
  });

  it('limits by price and sorts', async () => {
    await page.goto(`${shop.url}/?sort=price_asc`);
    await page.locator('.card:not(.skeleton)').first().waitFor();
    await page.fill('.bounds [name=min]', '20');
    await page.fill('.bounds [name=max]', '30');
    await page.locator('.bounds button').click();
    await page.locator('.chip').first().waitFor();
    await eventually(async () => {
      const texts = await page.locator('.card .price strong').allInnerTexts();
      const prices = texts.map((text) => Number(text.replace(/[^\d.]/g, '')));
      expect(prices.length).toBeGreaterThan(3);
      expect(Math.min(...prices)).toBeGreaterThanOrEqual(20);
      expect(Math.max(...prices)).toBeLessThanOrEqual(30);
      expect(prices).toEqual([...prices].sort((a, b) => a - b));
    });
  });

  it('shows more on request and says how many there are', async () => {
    await page.goto(shop.url);
    await page.getByRole('button', { name: 'Show more' }).click();
    await eventually(async () => expect(await page.locator('.card:not(.skeleton)').count()).toBe(48));
    expect(await total()).toContain('48 shown');
  });

  it('suggests while typing, by keyboard alone', async () => {
    await page.goto(shop.url);
    await page.locator('#finder-input').pressSequentially('dog b');
    await page.locator('.finder-option').first().waitFor();
    await page.keyboard.press('ArrowDown');
    const chosen = (await page.locator('[aria-selected=true] span').textContent()) ?? '';
    expect(await page.locator('#finder-input').getAttribute('aria-activedescendant')).toBe('finder-option-0');
    await page.keyboard.press('Enter');
    await eventually(async () => expect(await page.locator('h1').textContent()).toContain(chosen));
  });

  it('offers types of article while typing, and lists them', async () => {
    await page.goto(shop.url);
    await page.locator('#finder-input').pressSequentially('rucks');
    await page.locator('.finder-option', { hasText: 'Type' }).first().click();
    await eventually(async () => expect(page.url()).toContain('subcategory=Rucksacks'));
    await eventually(async () => expect(await page.locator('h1').textContent()).toBe('Rucksacks'));
  });

  it('narrows to what is in stock now, and keeps that in the address', async () => {
    const sku = await firstProduct('rucksack');
    inStock(sku, 0);
    for (const place of shop.apis.places(sku)) shop.apis.setStock(sku, place, 0);
    await page.goto(`${shop.url}/?q=rucksack`);
    const card = page.locator(`a[href="/product/${sku}"]`);
    await card.first().waitFor();
    await page.check('#facet-in-stock');
    await eventually(async () => expect(await total()).toContain('in stock'));
    expect(page.url()).toContain('stock=only');
    expect(await card.count()).toBe(0);
    await page.locator('.chip', { hasText: 'In stock now' }).click();
    await eventually(async () => expect(await card.count()).toBeGreaterThan(0));
  });

  it('shows what is popular when nothing matches', async () => {
    await page.goto(`${shop.url}/?q=xyzzyqwv`);
    await page.getByText('Popular instead').waitFor();
    expect(await page.locator('.card:not(.skeleton)').count()).toBe(4);
  });

  it('shows stock as it changes, per branch and in sum, without a reload', async () => {
    const sku = await firstProduct('rucksack');
    inStock(sku, 73);
    const words = page.locator('.stock-words');
    await eventually(async () => expect(await words.textContent()).toContain('73 in stock'));
    inStock(sku, 4);
    await eventually(async () => expect(await words.textContent()).toBe('Only 4 left'));
    expect(await page.locator('[data-location="1"] td').first().textContent()).toBe('4');
    inStock(sku, 0);
    await eventually(async () => expect(await page.locator('#add-to-basket').isDisabled()).toBe(true));
    inStock(sku, 9);
    await eventually(async () => expect(await page.locator('#add-to-basket').isEnabled()).toBe(true));
  });

  it('takes an order from the basket to the van, the key never leaving the server', async () => {
    const seen: string[] = [];
    page.on('request', (request) => seen.push(JSON.stringify(request.headers()) + (request.postData() ?? '')));
    page.on('response', async (response) => seen.push(await response.text().catch(() => '')));
    const sku = await firstProduct('tent');
    inStock(sku, 30);
    await page.fill('[name=quantity]', '2');
    await page.click('#add-to-basket');
    await page.locator('.toast a').click();
    await page.locator('.basket-line').waitFor();
    await page.click('#place-order');
    await page.locator('.steps').waitFor();
    const orderId = /order\/(\d+)/.exec(page.url())?.[1] ?? '';
    expect(await page.locator('[aria-current=step]').textContent()).toContain('Placed');
    shop.apis.setOrderStatus(orderId, 'picking');
    await eventually(async () => expect(await page.locator('[aria-current=step]').textContent()).toContain('picked'));
    shop.apis.setOrderStatus(orderId, 'shipped');
    await eventually(async () => expect(await page.locator('[data-state=done]').count()).toBe(3));
    const sent = shop.apis.commands.at(-1);
    expect(sent?.headers.authorization).toBe(`Bearer ${TEST_KEY}`);
    expect(JSON.parse(sent?.body ?? '{}')).toMatchObject({
      customerId: '1',
      currency: 'GBP',
      lines: [{ sku, quantity: 2 }],
    });
    expect(seen.join('\n')).not.toContain(TEST_KEY);
    expect(await page.locator('#basket-count').isHidden()).toBe(true);
  });

  it("shows what signed messages told of an order, and the account's orders", async () => {
    const sku = await firstProduct('lamp');
    inStock(sku, 30);
    await page.click('#add-to-basket');
    await page.locator('.toast a').click();
    await page.locator('.basket-line').waitFor();
    await page.click('#place-order');
    await page.locator('.order-lines li').waitFor();
    const orderId = /order\/(\d+)/.exec(page.url())?.[1] ?? '';
    const tell = async (id: string, secret: string): Promise<number> => {
      const body = JSON.stringify({
        type: 'order.status_changed',
        timestamp: new Date().toISOString(),
        data: { orderId, status: 'picking' },
      });
      const at = new Date();
      const headers = {
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
        'webhook-signature': new Webhook(secret).sign(id, at, body),
      };
      return (await fetch(`${shop.url}/hooks`, { method: 'POST', headers, body })).status;
    };
    const forged = `whsec_${Buffer.alloc(32, 8).toString('base64')}`;
    expect([
      await tell('e1', TEST_HOOKS_SECRET),
      await tell('e1', TEST_HOOKS_SECRET),
      await tell('e2', forged),
    ]).toEqual([204, 204, 401]);
    await eventually(async () => expect(await page.locator('.order-news li').count()).toBe(1));
    expect(await page.locator('.order-news').textContent()).toContain('order.status_changed: picking');
    await page.click('.orders-link');
    const row = page.locator('.order-row', { hasText: orderId });
    await row.waitFor();
    expect(await row.textContent()).toContain('1 piece');
  });

  it('cancels an order that nobody has started on', async () => {
    const sku = await firstProduct('saucepan');
    inStock(sku, 30);
    await page.click('#add-to-basket');
    await page.locator('.toast a').click();
    await page.click('#place-order');
    await page.getByRole('button', { name: 'Cancel order' }).click();
    await eventually(async () => expect(await page.locator('.order-status').textContent()).toContain('cancelled'));
  });

  it('says why an order is refused; only what got no answer is sent again under its key', async () => {
    const sku = await firstProduct('boots');
    inStock(sku, 3);
    await page.fill('[name=quantity]', '5');
    await page.click('#add-to-basket');
    await page.locator('.toast a').click();
    const sent = shop.apis.commands.length;
    const press = async (times: number): Promise<void> => {
      await page.click('#place-order');
      await eventually(() => expect(shop.apis.commands.length).toBe(sent + times));
      await eventually(async () => expect(await page.locator('.problem').isVisible()).toBe(true));
    };
    await press(1);
    expect(await page.locator('.problem').textContent()).toContain('only 3 can be promised');
    await press(2);
    shop.apis.failWith('/orders', { status: 503, code: 'outcome-unknown' });
    await press(3);
    await press(4);
    shop.apis.failWith('/orders', null);
    const keys = shop.apis.commands.slice(-4).map((call) => call.headers['idempotency-key']);
    expect([new Set(keys.slice(0, 3)).size, keys[3]]).toEqual([3, keys[2]]);
  });

  it('asks the old system itself for stock, and sends an order elsewhere', async () => {
    const sku = await firstProduct('towel');
    inStock(sku, 12);
    await page.click('text=Ask the till system now');
    await eventually(async () => expect(await page.locator('#live-stock').textContent()).toContain('12 pieces'));
    await page.click('#add-to-basket');
    await page.locator('.toast a').click();
    await page.click('#place-order');
    await page.click('text=Send it to another address');
    for (const [field, text] of [
      ['name', 'A. Shopper'],
      ['line1', '1 Lane'],
      ['town', 'Leeds'],
      ['postcode', 'LS1 1AA'],
    ])
      await page.fill(`#address-${field}`, text!);
    await page.click('text=Send it there');
    await eventually(() => expect(shop.apis.commands.at(-1)?.path).toMatch(/^\/orders\/\d+\/delivery-address$/));
    expect(JSON.parse(shop.apis.commands.at(-1)!.body)).toMatchObject({ address: { town: 'Leeds' } });
  });

  it('takes over a changed price and says so', async () => {
    const sku = await firstProduct('towel');
    inStock(sku, 30);
    await page.click('#add-to-basket');
    shop.apis.setProduct(sku, { price: '123.45', priceMinor: 12_345 });
    await page.goto(`${shop.url}/basket`);
    await eventually(async () => expect(await page.locator('.basket-price').textContent()).toContain('£123.45'));
    expect(await page.locator('.toast').textContent()).toContain('price has changed');
  });

  it('shows text from the catalogue as text, whatever it holds', async () => {
    const sku = await firstProduct('cushion');
    const name = '<img src=x onerror="document.title=1"> & "quotes"';
    shop.apis.setProduct(sku, { name, description: '<script>document.title = 1</script>' });
    await page.reload();
    await eventually(async () => expect(await page.locator('h1').textContent()).toBe(name));
    expect(await page.locator('main img, main script').count()).toBe(0);
    expect(await page.title()).not.toBe('1');
  });

  it('explains itself when nothing is found, an article is gone or the shop does not answer', async () => {
    await page.goto(`${shop.url}/?q=zzzz`);
    expect(await page.locator('.notice').textContent()).toContain('Nothing matches');
    await page.goto(`${shop.url}/product/NOPE`);
    expect(await page.locator('.notice').textContent()).toContain('No longer in the shop');
    shop.apis.failWith('/products', { status: 503, code: 'unavailable' });
    await page.goto(shop.url);
    expect(await page.locator('.notice').textContent()).toContain('That did not work');
    shop.apis.failWith('/products', null);
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.locator('.card:not(.skeleton)').first().waitFor();
  });

  it('fits a phone: nothing is cut off sideways and the filters fold away', async () => {
    await page.setViewportSize(PHONE);
    for (const path of ['/', '/?q=jacket', '/basket']) {
      await page.goto(`${shop.url}${path}`);
      await page.locator('.card:not(.skeleton), .notice').first().waitFor();
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(PHONE.width);
    }
    await page.goto(`${shop.url}/?q=jacket`);
    await page.locator('.card:not(.skeleton)').first().waitFor();
    expect(await page.locator('#facets').isVisible()).toBe(false);
    await page.locator('.filter-button').click();
    expect(await page.locator('#facets').isVisible()).toBe(true);
    await page.locator('.card .card-link').first().click();
    await page.locator('.places tbody tr').first().waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(PHONE.width);
  });
});
