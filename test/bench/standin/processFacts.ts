import { readFileSync } from 'node:fs';

/** Length of the kernel's clock tick in /proc: 1/100 s on every Linux that node runs on (USER_HZ). */
const TICK_MS = 10;
const KIB = 1024;

/** CPU time a process has used so far, user and system; NaN where there is no /proc. */
export function cpuMs(pid: number): number {
  const stat = read(`/proc/${pid}/stat`);
  if (stat === null) return Number.NaN;
  // Fields are counted after the name, which may hold blanks: utime and stime are the 12th and 13th from there (proc_pid_stat(5)).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** Memory a process holds; NaN where there is no /proc. */
export function residentBytes(pid: number): number {
  const match = /^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`) ?? '');
  return match === null ? Number.NaN : Number(match[1]) * KIB;
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
