import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findChromium } from '#test/support/chromium.ts';
import { eventually } from '#test/support/eventually.ts';
import { alive, descendants } from '#test/support/processTree.ts';
import { SluiceCommand, sluice } from '#test/support/sluice.ts';

const ADVENTURE_WORKS = fileURLToPath(new URL('../../../shared/data/adventureworks', import.meta.url));

describe('sluice demo --once', () => {
  it('ends with every document and stock level equal to the source, although capture and consumers were killed', async () => {
    const { code, stdout, stderr } = await sluice([
      'demo',
      '--once',
      '--chaos',
      '--seconds',
      '15',
      '--products',
      '400',
      '--rate',
      '80',
    ]);
    expect(stdout, stderr).toMatch(/^differences: 0$/m);
    expect(stdout).not.toContain('✗');
    for (const seen of [
      'search shows a changed price',
      "stock shows the order's lines taken",
      'status turns to shipped',
      'kill -9 of capture',
      'kill -9 of consumers',
    ])
      expect(stdout).toContain(`✓ ${seen}`);
    expect(code).toBe(0);
  });

  it.skipIf(!existsSync(ADVENTURE_WORKS))(
    'does the same with the AdventureWorks product data (skipped where the files are missing)',
    async () => {
      const { code, stdout, stderr } = await sluice(['demo', '--once', '--seconds', '10', '--data', ADVENTURE_WORKS]);
      expect(stdout, stderr).toMatch(/^differences: 0$/m);
      expect(stdout).toContain('Adventure Works');
      expect(code).toBe(0);
    },
  );
});

describe('sluice demo', () => {
  const executablePath = findChromium();
  let demo: SluiceCommand;
  let url: string;

  beforeAll(async () => {
    demo = new SluiceCommand(['demo', '--products', '300', '--rate', '60']);
    url = (await eventually(() => /The shop is open: (http:\S+)/.exec(demo.stdout)?.[1], {
      timeoutMs: 300_000,
      truthy: true,
    }))!;
  });
  afterAll(() => demo.signal('SIGKILL'));

  it('opens the shop', async () => {
    expect((await fetch(url)).status).toBe(200);
  });

  it.skipIf(executablePath === undefined)(
    'lets a shopper search, see live stock, order, and watch the order being shipped (skipped where there is no Chromium)',
    async () => {
      const browser = await chromium.launch({ executablePath: executablePath!, args: ['--no-sandbox'] });
      try {
        const page = await browser.newPage();
        page.setDefaultTimeout(60_000);
        await eventually(async () => expect(await countOf(page, url)).toBeGreaterThan(0), {
          timeoutMs: 120_000,
          everyMs: 500,
        });
        await page.locator('.card:not(.skeleton) .card-link').first().click();
        await page.locator('.places tbody tr').first().waitFor();
        await page.getByRole('button', { name: 'Add to basket' }).click();
        await page.getByRole('link', { name: 'Go to basket' }).click();
        await page.getByRole('button', { name: 'Place order' }).click();
        await page.getByRole('heading', { name: /^Order \d+$/ }).waitFor();
        await page.getByText('It is on its way.').waitFor({ timeout: 240_000 });
      } finally {
        await browser.close();
      }
    },
  );

  it('leaves no process after Ctrl-C', async () => {
    const children = descendants(demo.pid);
    expect(children.length).toBeGreaterThan(7);
    demo.signal('SIGINT');
    expect((await demo.finished()).code).toBe(0);
    await eventually(() => expect(alive(children)).toEqual([]), { timeoutMs: 20_000 });
  });
});

/** Articles the page says it found for everything. */
async function countOf(page: Page, url: string): Promise<number> {
  await page.goto(url);
  await page.locator('.card:not(.skeleton)').first().waitFor({ timeout: 5000 });
  return page.locator('.card:not(.skeleton)').count();
}
