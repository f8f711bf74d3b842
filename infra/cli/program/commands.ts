import type { Command } from 'commander';
import { finish } from './options.ts';

/** `sluice commands`. */
export function registerCommands(program: Command): void {
  const commands = program.command('commands').description('what is made from the use cases of the command API');
  commands
    .command('client')
    .description('write the typed client: one TypeScript file without dependencies')
    .requiredOption('--out <file>', 'file to write; - prints it')
    .action(async (options: { out: string }) => finish((await import('../commands/commandFiles.ts')).client(options)));
  commands
    .command('docs')
    .description('print the documentation page of the use cases (docs/commands.md)')
    .action(async () => finish((await import('../commands/commandFiles.ts')).docs()));
  commands
    .command('wsdl')
    .description('print the WSDL of the SOAP door')
    .requiredOption('--url <address>', 'address it will be reached at, such as https://commands.example.com/soap')
    .action(async (options: { url: string }) => finish((await import('../commands/commandFiles.ts')).wsdl(options)));
  commands
    .command('generate')
    .description('write the committed files: OpenAPI document, documentation page, grants script (in a checkout)')
    .option('--check', 'write nothing; exit code 4 when a file is not up to date', false)
    .action(async (options: { check: boolean }) =>
      finish((await import('../commands/commandFiles.ts')).generate(options)),
    );
}
