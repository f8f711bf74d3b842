import { argv, stdout } from 'node:process';
import { fileURLToPath } from 'node:url';
import { ERROR_CODES } from './errorCodes.ts';

/** Text of docs/errors.md: every code with its cause and remedy. `node infra/runtime/errorsPage.ts > docs/errors.md` writes it. */
export function errorsPage(): string {
  const rows = Object.entries(ERROR_CODES)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([code, { cause, remedy, retriable }]) =>
        `| \`${code}\` | ${cell(cause)} | ${cell(remedy)} | ${retriable ? 'yes' : ''} |`,
    );
  return `# Error codes

Every error Sluice raises carries one of these codes, in logs (\`errorCode\`), on the command line and in HTTP problems (\`code\`). The message
beside it says what, where, expected and found. "Again" marks those that Sluice, or a caller, may simply try again.

| code | cause | what to do | again |
|---|---|---|---|
${rows.join('\n')}
`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

if (argv[1] === fileURLToPath(import.meta.url)) stdout.write(errorsPage());
