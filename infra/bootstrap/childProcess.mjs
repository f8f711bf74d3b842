import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { constants as osConstants } from 'node:os';
import { delimiter, join } from 'node:path';

/** Ctrl-C under `npm run` arrives twice, from the terminal and from npm: both within this time are one. */
const SAME_SIGNAL_MS = 400;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Runs a program to its end in a process group of its own and returns its exit code (128 + number for a signal). Signals that this process
 * gets are passed on once each; whatever is left of the group afterwards is ended, and on Linux the program also ends when this process is
 * killed.
 */
export async function runChild(command, args, env) {
  const [first, rest] = diesWithParent(command, args);
  const child = spawn(first, rest, { stdio: 'inherit', detached: true, env });
  const stopForwarding = forwardSignals((signal) => send(child.pid, signal));
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => resolve(code ?? 128 + (osConstants.signals[signal] ?? 0)));
    });
  } finally {
    stopForwarding();
    if (child.pid) send(-child.pid, 'SIGTERM');
  }
}

/** Calls `forward` for each signal of this process, but not for its echo. Returns the function that ends it. */
export function forwardSignals(forward, source = process, now = Date.now) {
  const lastMs = new Map();
  const onSignal = (signal) => {
    const isEcho = now() - (lastMs.get(signal) ?? Number.NEGATIVE_INFINITY) < SAME_SIGNAL_MS;
    lastMs.set(signal, now());
    if (!isEcho) forward(signal);
  };
  for (const signal of SIGNALS) source.on(signal, onSignal);
  return () => {
    for (const signal of SIGNALS) source.off(signal, onSignal);
  };
}

/** util-linux' setpriv sets the parent-death signal, PR_SET_PDEATHSIG of prctl(2), which exec keeps. */
function diesWithParent(command, args) {
  const setpriv = process.platform === 'linux' ? findOnPath('setpriv') : undefined;
  return setpriv ? [setpriv, ['--pdeathsig', 'TERM', '--', command, ...args]] : [command, args];
}

function findOnPath(name) {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

function send(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended already.
  }
}
