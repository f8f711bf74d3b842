import { readFileSync } from 'node:fs';
import type { StandingStack } from './standingStack.ts';

/** The stack for a person, in lines that a shell can evaluate: comments, then one `export` per variable. */
export function describeStanding(standing: StandingStack): string {
  const about = [
    `# ${standing.provider} stack, up since ${standing.startedAt}, kept by process ${standing.owner.pid}`,
    ...(standing.dir ? [`# data and logs: ${standing.dir}`] : []),
    ...standing.processes.map(({ name, pid }) => `# ${name.padEnd(22)} process ${pid}${memoryText(pid)}`),
  ];
  const exports = Object.entries(standing.env).map(([name, value]) => `export ${name}=${shellQuote(value)}`);
  return [...about, ...exports].join('\n');
}

/** Safe inside a POSIX shell, whatever the value holds. */
export function shellQuote(value: string): string {
  return /^[\w./:@,+-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
}

/** Resident memory, where the system tells it in a file. */
function memoryText(pid: number): string {
  try {
    const kib = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kib ? `, ${Math.round(Number(kib) / 1024)} MB` : '';
  } catch {
    return '';
  }
}
