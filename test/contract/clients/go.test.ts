import { join } from 'node:path';
import { describeClient } from './clientContract.ts';
import { besideClients, cachedFor, type ForeignProgram, fetching, requireOnPath } from './foreignProgram.ts';

async function prepare(): Promise<ForeignProgram> {
  const go = requireOnPath('go', 'install Go 1.25 or newer');
  const sources = ['main.go', 'go.mod', 'go.sum'].map((name) => besideClients('go', name));
  const folder = await cachedFor('go-mssqldb', sources, (staging) =>
    fetching(go, ['build', '-o', join(staging, 'depot'), '.'], {}, besideClients('go')),
  );
  return { command: join(folder, 'depot'), args: [] };
}

describeClient({ name: 'go-mssqldb 1.11.2', prepare, args: (port, mode) => [String(port), mode] });
