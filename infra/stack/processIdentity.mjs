import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';

/**
 * Text that tells one process from a later one with the same number: on Linux boot id, pid namespace and start tick, elsewhere the
 * start time that `ps` prints. Undefined when the process is not there or is only a zombie.
 */
export function processMark(pid) {
  return process.platform === 'linux' ? linuxMark(pid) : psMark(pid);
}

/** Whether the very process that was described by `identity` still runs. */
export function isRunning(identity) {
  return identity.mark !== undefined && processMark(identity.pid) === identity.mark;
}

/** This process, as others can recognise it later. */
export function ownIdentity() {
  return { pid: process.pid, mark: processMark(process.pid) };
}

/** Boot id and pid namespace: marks of another one say nothing about processes that this one can see. Empty where there is none. */
export function markScope(mark) {
  return mark?.includes('/') ? mark.slice(0, mark.lastIndexOf('/')) : '';
}

function linuxMark(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command in parentheses may hold spaces; state is field 3 and starttime field 22 of proc_pid_stat(5).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
    return `${linuxScope()}/${fields[19]}`;
  } catch {
    return undefined;
  }
}

let scope;
function linuxScope() {
  scope ??= `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}/${readlinkSync('/proc/self/ns/pid')}`;
  return scope;
}

function psMark(pid) {
  try {
    const [state, ...started] = execFileSync('ps', ['-o', 'state=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, LC_ALL: 'C' },
    })
      .trim()
      .split(/\s+/);
    return !state || state.startsWith('Z') ? undefined : started.join(' ');
  } catch {
    return undefined;
  }
}
