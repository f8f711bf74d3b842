import { once } from 'node:events';
import { connect } from 'node:net';
import sql from 'mssql';
import { SCHEMA } from './schema.ts';
import type { ServerUnderTest } from './servers.ts';

const LINES = JSON.stringify([1, 2, 3, 4].map((n) => ({ sku: n % 2 ? 'A' : 'B', qty: 1, price: 1.25 })));
const POOL_CONNECTIONS = 8;

/** The bench's statements against one server, through the `mssql` driver with TCP_NODELAY set. */
export class BenchShop {
  readonly server: ServerUnderTest;
  readonly #pool: sql.ConnectionPool;
  #next = { person: 1000, fact: 0, feed: 0 };

  private constructor(server: ServerUnderTest, pool: sql.ConnectionPool) {
    this.server = server;
    this.#pool = pool;
  }

  /** Connects and makes the tables. */
  static async open(server: ServerUnderTest): Promise<BenchShop> {
    const connector = async () => {
      const socket = connect({ host: '127.0.0.1', port: server.port, noDelay: true });
      await once(socket, 'connect');
      return socket;
    };
    const pool = await new sql.ConnectionPool({
      server: '127.0.0.1',
      user: 'sa',
      password: server.password,
      database: 'shop',
      requestTimeout: 120_000,
      pool: { max: POOL_CONNECTIONS },
      options: { encrypt: false, connector },
    } as sql.config).connect();
    for (const batch of SCHEMA) await pool.request().batch(batch);
    return new BenchShop(server, pool);
  }

  async insertPerson(): Promise<void> {
    const id = this.#next.person++;
    await this.#pool
      .request()
      .input('id', sql.Int, id)
      .input('email', sql.NVarChar(100), `u${id}@example.com`)
      .query('INSERT INTO dbo.PERSON (ID, EMAIL) VALUES (@id, @email)');
  }

  async selectPerson(): Promise<void> {
    const result = await this.#pool
      .request()
      .input('id', sql.Int, 1)
      .query('SELECT ID, EMAIL FROM dbo.PERSON WHERE ID = @id');
    if (result.recordset.length !== 1) throw new Error('the point select found no row');
  }

  async addSale(): Promise<void> {
    await this.#pool
      .request()
      .input('PersonId', sql.Int, 1)
      .input('Lines', sql.NVarChar(sql.MAX), LINES)
      .output('SaleId', sql.Int)
      .execute('dbo.ADD_SALE');
  }

  /** Inserts `count` rows by one statement: into FEED, which is captured, or FACT, which is not. Returns the number of the next row. */
  async insertSet(table: 'FEED' | 'FACT', count: number): Promise<number> {
    const counter = table === 'FEED' ? 'feed' : 'fact';
    const from = this.#next[counter];
    this.#next[counter] += count;
    const rows = Array.from({ length: count }, (_, i) => ({
      i: from + i,
      c: `customer ${i}`,
      s: `SKU-${i}`,
      q: i % 9,
      p: '12.50',
    }));
    await this.#pool
      .request()
      .input('j', sql.NVarChar(sql.MAX), JSON.stringify(rows))
      .query(
        `INSERT INTO dbo.${table} SELECT i, c, s, q, p, p * q, SYSUTCDATETIME()
         FROM OPENJSON(@j) WITH (i int, c nvarchar(50), s nvarchar(20), q int, p decimal(18,2))`,
      );
    return from + count;
  }

  /** Reads a query's rows one by one; resolves with their number. */
  async stream(query: string, onRow: (row: Record<string, unknown>) => void = () => {}): Promise<number> {
    const request = this.#pool.request();
    request.stream = true;
    let rows = 0;
    const done = new Promise<void>((resolve, reject) => {
      request.on('row', (row: Record<string, unknown>) => {
        rows++;
        onRow(row);
      });
      request.on('done', () => resolve());
      request.on('error', reject);
    });
    void request.query(query);
    await done;
    return rows;
  }

  /** The first row of a query; undefined when there is none. */
  async one(query: string): Promise<Record<string, unknown> | undefined> {
    return (await this.#pool.request().query(query)).recordset[0];
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}
