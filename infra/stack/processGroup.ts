import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Sends a signal to a process, or with a negative number to a group; false when there is none any more. */
export function sendSignal(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}

/** The numbers of all processes in the group that `leader` leads or led. */
export function groupMembers(leader: number): number[] {
  return process.platform === 'linux' ? linuxMembers(leader) : psMembers(leader);
}

function linuxMembers(leader: number): number[] {
  const numbers = readdirSync('/proc').map(Number).filter(Number.isInteger);
  return numbers.filter((pid) => groupOf(pid) === leader);
}

/** pgrp is field 5 of proc_pid_stat(5); the command in parentheses may hold spaces. */
function groupOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]);
  } catch {
    return undefined;
  }
}

function psMembers(leader: number): number[] {
  const lines = execFileSync('ps', ['-axo', 'pid=,pgid='], { encoding: 'utf8' }).trim().split('\n');
  const pairs = lines.map((line) => line.trim().split(/\s+/).map(Number));
  return pairs.flatMap(([pid, group]) => (group === leader && pid !== undefined ? [pid] : []));
}
