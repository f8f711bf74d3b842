import { penceToText } from '../money.ts';
import type { EposFacts } from './eposTraffic.ts';
import { runAction, type TrafficAction, transaction } from './shopTraffic.ts';

const CODE = 'CONVERT(char(10), @sku)';

/** A new price within a few per cent of the old, in whole pence; never below 49 pence. Trade price follows. */
const REPRICE = transaction(`UPDATE dbo.PRODUCT
SET PRICE1 = CASE WHEN PRICE1 + CONVERT(money, @by) < 0.49 THEN 0.49 ELSE PRICE1 + CONVERT(money, @by) END,
    PRICE2 = ROUND(PRICE1 / 1.2 * 0.72, 2), DATE_AMENDED = GETDATE()
WHERE PROD_CODE = ${CODE};
SET @changes = @@ROWCOUNT;`);

/** A promotion begins (a quarter off) or ends. */
const PROMOTE = transaction(`UPDATE dbo.PRODUCT
SET PRICE3 = CASE WHEN PRICE3 > 0 THEN NULL ELSE ROUND(PRICE1 * 0.75, 2) END, DATE_AMENDED = GETDATE()
WHERE PROD_CODE = ${CODE};
SET @changes = @@ROWCOUNT;`);

const REDESCRIBE =
  transaction(`UPDATE dbo.PRODUCT SET LONG_DESC = @text, DATE_AMENDED = GETDATE() WHERE PROD_CODE = ${CODE};
SET @changes = @@ROWCOUNT;`);

const LIST_OR_DELIST = transaction(`UPDATE dbo.PRODUCT
SET WEB_FLAG = CASE WHEN WEB_FLAG = 'Y' THEN 'N' ELSE 'Y' END, DATE_AMENDED = GETDATE()
WHERE PROD_CODE = ${CODE};
SET @changes = @@ROWCOUNT;`);

const RENAME_DEPARTMENT = transaction(`UPDATE dbo.DEPT SET DEPT_NAME = @name WHERE DEPT_CODE = CONVERT(char(4), @dept);
SET @changes = @@ROWCOUNT;`);

/** A new article modelled on another one, with its shelves in every branch; nothing when the code is taken. */
const NEW_PRODUCT =
  transaction(`INSERT INTO dbo.PRODUCT (PROD_CODE, PROD_DESC, LONG_DESC, DEPT_CODE, DEPT_NAME, SUBDEPT_NAME, SUPP_CODE, BRAND,
  COLOUR, SIZE_TXT, PRICE1, PRICE2, PRICE3, VAT_CODE, WEIGHT_KG)
SELECT CONVERT(char(10), @code), LEFT(PROD_DESC, 55) + ' New', LONG_DESC, DEPT_CODE, DEPT_NAME, SUBDEPT_NAME, SUPP_CODE, BRAND,
  COLOUR, SIZE_TXT, PRICE1, PRICE2, NULL, VAT_CODE, WEIGHT_KG
FROM dbo.PRODUCT
WHERE PROD_CODE = ${CODE} AND NOT EXISTS (SELECT 1 FROM dbo.PRODUCT WHERE PROD_CODE = CONVERT(char(10), @code));
SET @changes = @@ROWCOUNT;
IF @changes = 1
BEGIN
  INSERT INTO dbo.STOCK (PROD_CODE, BRANCH_NO, QTY_ON_HAND)
  SELECT CONVERT(char(10), @code), BRANCH_NO, CASE WHEN BRANCH_NO = 1 THEN 25 ELSE 0 END FROM dbo.BRANCH;
  SET @changes = @changes + @@ROWCOUNT;
END;`);

/** Takes an article out of the books that nobody ever ordered. */
const DROP_PRODUCT = transaction(`IF NOT EXISTS (SELECT 1 FROM dbo.ORD_LINE WHERE PROD_CODE = ${CODE})
BEGIN
  DELETE FROM dbo.STOCK WHERE PROD_CODE = ${CODE};
  SET @changes = @@ROWCOUNT;
  DELETE FROM dbo.PRODUCT WHERE PROD_CODE = ${CODE};
  SET @changes = @changes + @@ROWCOUNT;
END;`);

const BLURBS = [
  'Back by popular demand. ',
  'Now in plastic-free packaging. ',
  'Staff favourite. ',
  'Improved this season. ',
  'Last few of this batch. ',
];

export function eposProductActions(facts: EposFacts): TrafficAction[] {
  /** Articles added by this traffic and not yet dropped; at most 50. */
  const added: string[] = [];
  return [
    {
      name: 'price change',
      weight: 7,
      run: (executor, random) => {
        const pence = random.int(1, 250) * (random.chance(0.5) ? 1 : -1);
        return runAction(executor, REPRICE, { sku: random.pick(facts.changeable), by: penceToText(pence) });
      },
    },
    {
      name: 'promotion',
      weight: 3,
      run: (executor, random) => runAction(executor, PROMOTE, { sku: random.pick(facts.changeable) }),
    },
    {
      name: 'description change',
      weight: 3,
      run: (executor, random) => {
        const text = `${random.pick(BLURBS)}${random.pick(BLURBS)}Batch ${random.int(1000, 9999)}.`;
        return runAction(executor, REDESCRIBE, { sku: random.pick(facts.changeable), text });
      },
    },
    {
      name: 'listing',
      weight: 2,
      run: (executor, random) => runAction(executor, LIST_OR_DELIST, { sku: random.pick(facts.changeable) }),
    },
    {
      name: 'department rename',
      weight: 0.08,
      run: (executor, random) => {
        const [dept, name] = random.pick(facts.departments);
        const suffix = random.pick(['', ' Shop', ' & More', ' Store']);
        return runAction(executor, RENAME_DEPARTMENT, { dept, name: `${name}${suffix}`.slice(0, 40) });
      },
    },
    {
      name: 'new product',
      weight: 0.4,
      run: async (executor, random) => {
        const code = `N${random.int(100_000, 999_999)}`;
        const result = await runAction(executor, NEW_PRODUCT, { sku: random.pick(facts.changeable), code });
        if (result.changes > 0) added.push(code);
        if (added.length > 50) added.shift();
        return result;
      },
    },
    {
      name: 'dropped product',
      weight: 0.2,
      run: async (executor) => {
        const sku = added.shift();
        return sku === undefined ? { changes: 0 } : runAction(executor, DROP_PRODUCT, { sku });
      },
    },
  ];
}
