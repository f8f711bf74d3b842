import { type ChildProcess, spawn } from 'node:child_process';

/**
 * Ends servers whose owner was killed. A shell waits on a pipe that only the owner holds: when the pipe closes without the word `done`,
 * the groups named on it get SIGTERM, ten seconds later SIGKILL, and the files given as arguments go. It costs about 1 MB and no CPU.
 */
const SCRIPT = `
trap '' TERM INT HUP
groups=' '
while read -r verb id; do
  case "$verb" in
    watch) groups="$groups$id " ;;
    drop) case "$groups" in *" $id "*) groups="\${groups%% $id *} \${groups#* $id }" ;; esac ;;
    done) exit 0 ;;
  esac
done
for id in $groups; do kill -s TERM -- "-$id" 2>/dev/null; done
tries=0
while [ "$tries" -lt 100 ]; do
  alive=''
  for id in $groups; do kill -s 0 -- "-$id" 2>/dev/null && alive=1; done
  [ -z "$alive" ] && break
  sleep 0.1
  tries=$((tries + 1))
done
for id in $groups; do kill -s KILL -- "-$id" 2>/dev/null; done
for path in "$@"; do rm -rf -- "$path"; done
`;

export class Watchdog {
  readonly #child: ChildProcess;

  /** `leftovers` are removed after the servers of a killed owner have ended. */
  constructor(leftovers: readonly string[]) {
    this.#child = spawn('/bin/sh', ['-c', SCRIPT, 'sluice-watchdog', ...leftovers], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
      cwd: '/',
    });
    // Without it the servers are still ended by the next start, so its own faults are nobody's business.
    this.#child.on('error', () => undefined);
    this.#child.stdin?.on('error', () => undefined);
    this.#child.unref();
    (this.#child.stdin as { unref?: () => void } | null)?.unref?.();
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  watch(groupLeader: number): void {
    this.#child.stdin?.write(`watch ${groupLeader}\n`);
  }

  /** A group that has ended by itself must not be signalled later: its number may be somebody else's by then. */
  drop(groupLeader: number): void {
    this.#child.stdin?.write(`drop ${groupLeader}\n`);
  }

  /** Ends the watchdog without any harm to the servers. */
  done(): void {
    this.#child.stdin?.end('done\n');
  }
}
