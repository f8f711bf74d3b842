import { type SqlCase, sqlCases } from './support/cases.ts';
import { useContractServer } from './support/server.ts';

const server = useContractServer([
  'CREATE TABLE dbo.DOC (id int NOT NULL CONSTRAINT PK_DOC PRIMARY KEY, body xml NULL)',
  `INSERT INTO dbo.DOC VALUES (1, N'<r><i n="1">a</i><i n="2">b</i></r>'), (2, N'<r/>'), (3, NULL)`,
  `CREATE PROCEDURE dbo.TakeXml @lines xml AS
   SELECT r.x.value('@no', 'smallint') AS no, r.x.value('@sku', 'varchar(20)') AS sku, CONVERT(varchar(30), r.x.value('@price', 'decimal(19,4)')) AS price
   FROM @lines.nodes('/rows/row') AS r(x) ORDER BY no`,
]);

const ROWS = `DECLARE @x xml; SET @x = N'<rows><row no="2" sku="B &amp; &lt;C&gt; &quot;d&quot;" price="9.9"/><row no="1" sku="A"/></rows>'; `;

const METHODS: readonly SqlCase[] = [
  {
    name: 'nodes() gives a row for each element and value() its attributes, typed; a missing one is NULL',
    source: 'nodes() Method (xml Data Type), value() Method (xml Data Type)',
    batch: `${ROWS}EXEC dbo.TakeXml @x`,
    rows: [
      [1, 'A', null],
      [2, 'B & <C> "d"', '9.9000'],
    ],
  },
  {
    name: 'a text given for an xml parameter is read as XML',
    source: 'Create instances of XML data',
    batch: `EXEC dbo.TakeXml N'<rows><row no="7" sku="X" price="0.0001"/></rows>'`,
    rows: [[7, 'X', '0.0001']],
  },
  {
    name: 'value() takes the text of the first node when the path says [1]',
    source: 'value() Method (xml Data Type)',
    batch: `SELECT id, body.value('(/r/i)[1]', 'char(1)'), body.value('(/r/i/@n)[2]', 'int'), d.body.value('(/r/i[2]/text())[1]', 'varchar(5)') FROM dbo.DOC AS d ORDER BY id`,
    rows: [
      [1, 'a', 2, 'b'],
      [2, null, null, null],
      [3, null, null, null],
    ],
  },
  {
    name: 'CROSS APPLY of nodes() leaves out rows without any, OUTER APPLY keeps them',
    source: 'nodes() Method (xml Data Type)',
    batch: `SELECT id, t.c.value('@n', 'int'), t.c.value('.', 'varchar(5)') FROM dbo.DOC CROSS APPLY body.nodes('/r/i') AS t(c) ORDER BY 1, 2;
      SELECT id, t.c.value('@n', 'int') FROM dbo.DOC AS d OUTER APPLY d.body.nodes('/r/i') AS t(c) WHERE id > 1 ORDER BY 1`,
    rows: [
      [1, 1, 'a'],
      [1, 2, 'b'],
      [2, null],
      [3, null],
    ],
  },
  {
    name: 'value() of a path that may find several is 2389',
    source: 'MSSQLSERVER_2389',
    batch: `DECLARE @x xml; SET @x = N'<a b="1"/>'; SELECT @x.value('/a/@b', 'int')`,
    errors: [2389],
  },
  {
    name: 'a column of nodes() may only be used by xml methods: 493',
    source: 'nodes() Method (xml Data Type)',
    batch: `DECLARE @x xml; SET @x = N'<a/>'; SELECT t.c FROM @x.nodes('/a') AS t(c)`,
    errors: [493],
  },
  {
    name: 'a method on another type is 258',
    source: 'Database engine events and errors',
    batch: `DECLARE @x int; SELECT @x.value('(a)[1]', 'int')`,
    errors: [258],
  },
  {
    name: 'arguments must be literals: 8172',
    source: 'value() Method (xml Data Type)',
    batch: `DECLARE @x xml, @p nvarchar(10); SELECT @x.value(@p, 'int')`,
    errors: [8172],
  },
  {
    name: 'a value that is no number is a failed conversion',
    source: 'value() Method (xml Data Type)',
    batch: `DECLARE @x xml; SET @x = N'<a b="x"/>'; SELECT @x.value('(/a/@b)[1]', 'int')`,
    errors: [245],
  },
  {
    name: 'a document type is refused: 6359',
    source: 'CONVERT (Transact-SQL), xml styles',
    batch: `DECLARE @x xml; SET @x = N'<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>'; SELECT @x.value('(/a)[1]', 'varchar(5)')`,
    errors: [6359],
  },
  {
    name: 'text that is not well-formed is an error of the 9400 family',
    source: 'MSSQLSERVER_9400, 9436',
    batch: `DECLARE @x xml; SET @x = N'<a><b></a>'; SELECT @x.value('(/a)[1]', 'varchar(5)')`,
    errors: [9436],
  },
];
sqlCases(server, 'xml methods', METHODS);
