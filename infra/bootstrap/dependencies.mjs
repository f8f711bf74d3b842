import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withLock } from '#infra/stack/lock.mjs';

/** Written into node_modules when it is known to hold exactly what package-lock.json says. */
const MARKER = '.sluice-installed';

/** Runs `npm ci` unless node_modules already holds what package-lock.json says. Two copies at once: one installs, the other waits. */
export async function ensureDependencies(root, say) {
  if (isMarked(root)) return;
  const onWait = (pid) => say(`waiting for process ${pid ?? '?'}, which is installing the packages …`);
  await withLock(join(root, '.sluice', 'install.lock'), { onWait }, async () => {
    if (isMarked(root)) return;
    if (!isInstalled(root)) await npmCi(root, say);
    writeFileSync(join(root, 'node_modules', MARKER), lockHash(root));
  });
}

function isMarked(root) {
  try {
    return readFileSync(join(root, 'node_modules', MARKER), 'utf8') === lockHash(root);
  } catch {
    return false;
  }
}

function lockHash(root) {
  return createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
}

/** npm leaves its own account of node_modules in a hidden lock file: enough to see that somebody has installed by hand already. */
export function isInstalled(root) {
  try {
    const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
    const found = JSON.parse(readFileSync(join(root, 'node_modules', '.package-lock.json'), 'utf8')).packages;
    return matches(wanted, found);
  } catch {
    return false;
  }
}

/** Every package of the lock file is there in the same version; optional ones of other platforms may be missing. */
export function matches(wanted, found) {
  const names = Object.keys(wanted).filter((name) => name !== '');
  const complete = names.every((name) =>
    found[name] ? found[name].version === wanted[name].version : wanted[name].optional,
  );
  return complete && Object.keys(found).every((name) => wanted[name]);
}

async function npmCi(root, say) {
  say('installing the packages (npm ci) …');
  const startedMs = Date.now();
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  // Under `npm run` this names the npm that was called, which need not be the one on PATH.
  const cli = process.env.npm_execpath;
  const [command, all] = cli?.endsWith('.js') ? [process.execPath, [cli, ...args]] : ['npm', args];
  const child = spawn(command, all, { cwd: root, stdio: ['ignore', 2, 2], env: { ...process.env, NODE_ENV: '' } });
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('exit', resolve));
  if (code !== 0)
    throw new Error(`npm ci failed (exit code ${code}); see its messages above. Is the package registry reachable?`);
  say(`installed the packages in ${((Date.now() - startedMs) / 1000).toFixed(1)} s`);
}
