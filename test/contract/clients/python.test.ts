import { describeClient } from './clientContract.ts';
import { besideClients, cachedFor, type ForeignProgram, fetching, requireOnPath } from './foreignProgram.ts';

/** The packages go into a folder of their own: neither the system's Python nor anybody's environment is touched. */
async function prepare(folderName: string, packages: readonly string[], script: string): Promise<ForeignProgram> {
  const python = requireOnPath('python3', 'install Python 3.9 or newer with pip');
  const folder = await cachedFor(folderName, [], (staging) =>
    fetching(python, [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--disable-pip-version-check',
      '--target',
      staging,
      ...packages,
    ]),
  );
  return {
    command: python,
    args: [besideClients('python', script)],
    env: { PYTHONPATH: folder, PYTHONIOENCODING: 'utf-8', PYTHONDONTWRITEBYTECODE: '1' },
  };
}

describeClient({
  name: 'python-tds 1.17.1',
  prepare: () => prepare('python-tds-1.17.1', ['python-tds==1.17.1', 'pyOpenSSL'], 'pytds_program.py'),
  args: (port, mode) => [String(port), mode],
});

describeClient({
  name: 'pymssql 2.4.6 (FreeTDS)',
  prepare: () => prepare('pymssql-2.4.6', ['pymssql==2.4.6'], 'pymssql_program.py'),
  args: (port, mode) => [String(port), mode],
  without: ['table'],
});
