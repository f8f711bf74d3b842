import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
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
  it('opens the shop, and Ctrl-C leaves no process', async () => {
    const demo = new SluiceCommand(['demo', '--products', '200', '--rate', '20']);
    try {
      const url = await eventually(() => /The shop is open: (http:\S+)/.exec(demo.stdout)?.[1], {
        timeoutMs: 240_000,
        truthy: true,
      });
      expect((await fetch(url!)).status).toBe(200);
      const children = descendants(demo.pid);
      expect(children.length).toBeGreaterThan(7);
      demo.signal('SIGINT');
      expect((await demo.finished()).code).toBe(0);
      await eventually(() => expect(alive(children)).toEqual([]), { timeoutMs: 20_000 });
    } finally {
      demo.signal('SIGKILL');
    }
  });
});
