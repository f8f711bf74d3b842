import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { SluiceError } from '#infra/runtime/errors.ts';
import { findJdk, findJdks, type JdkSearch } from '#infra/stack/jdk.ts';
import { tempFolder } from '#test/support/tempFolder.ts';

let root: string;
let search: JdkSearch;

beforeEach(() => {
  root = tempFolder();
  search = { env: {}, platform: 'linux', home: join(root, 'home'), systemFolders: [join(root, 'jvm')] };
});

/** Lays out a kit that only looks like one. */
function kit(path: string, version: string, programs = ['java', 'javac']): string {
  const home = join(root, path);
  mkdirSync(join(home, 'bin'), { recursive: true });
  for (const program of programs) {
    writeFileSync(join(home, 'bin', program), '');
    chmodSync(join(home, 'bin', program), 0o755);
  }
  writeFileSync(join(home, 'release'), `IMPLEMENTOR="x"\nJAVA_VERSION="${version}"\n`);
  return home;
}

const withEnv = (env: Record<string, string>): JdkSearch => ({ ...search, env });

describe('finding a JDK', () => {
  it('takes the newest of the system folders', () => {
    kit('jvm/java-17', '17.0.15');
    kit('jvm/java-21', '21.0.2');
    expect(findJdk(search)).toMatchObject({ home: join(root, 'jvm/java-21'), major: 21 });
  });

  it('prefers a kit that the newest servers run on to an older one in JAVA_HOME', () => {
    const old = kit('mine/java-17', '17.0.15');
    kit('jvm/java-25', '25.0.3');
    expect(findJdk(withEnv({ JAVA_HOME: old })).major).toBe(25);
  });

  it('prefers JAVA_HOME among kits that are new enough', () => {
    const mine = kit('mine/java-21', '21.0.2');
    kit('jvm/java-25', '25.0.3');
    expect(findJdk(withEnv({ JAVA_HOME: mine })).home).toBe(mine);
  });

  it('prefers a kit that was tried to a newer one that was not', () => {
    kit('jvm/java-27', '27');
    kit('jvm/java-21', '21.0.2');
    expect(findJdk(search).major).toBe(21);
  });

  it('makes do with 17', () => {
    kit('jvm/java-17', '17.0.15');
    expect(findJdk(search).major).toBe(17);
  });

  it('lets SLUICE_JAVA_HOME decide alone', () => {
    const forced = kit('forced/java-17', '17.0.15');
    kit('jvm/java-25', '25.0.3');
    expect(findJdk(withEnv({ SLUICE_JAVA_HOME: forced })).home).toBe(forced);
    expect(() => findJdk(withEnv({ SLUICE_JAVA_HOME: root }))).toThrow(/SLUICE_JAVA_HOME is .*found no JDK/);
  });

  it('follows links on PATH to the kit', () => {
    const home = kit('opt/java-21', '21.0.2');
    mkdirSync(join(root, 'usr-bin'));
    symlinkSync(join(home, 'bin/java'), join(root, 'usr-bin/java'));
    expect(findJdk(withEnv({ PATH: `/nowhere:${join(root, 'usr-bin')}` })).home).toBe(home);
  });

  it('knows the folders of macOS and SDKMAN, and finds each kit once', () => {
    kit('jvm/temurin-21.jdk/Contents/Home', '21.0.2');
    kit('home/.sdkman/candidates/java/25-tem', '25');
    symlinkSync(join(root, 'home/.sdkman/candidates/java/25-tem'), join(root, 'home/.sdkman/candidates/java/current'));
    expect(findJdks(search).map((jdk) => jdk.major)).toEqual([21, 25]);
  });

  it('passes over a runtime without a compiler and over a kit that is too old', () => {
    kit('jvm/jre-21', '21.0.2', ['java']);
    kit('jvm/java-8', '1.8.0_392');
    expect(findJdks(search).map((jdk) => jdk.major)).toEqual([8]);
    expect(() => findJdk(search)).toThrow(/expected version 17 or newer, found 1\.8\.0_392/);
  });

  it('says in one sentence what to install when there is none', () => {
    try {
      findJdk(search);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(SluiceError);
      expect(error).toMatchObject({ code: 'STACK_JAVA_MISSING', hint: expect.stringMatching(/^Install a JDK/) });
    }
  });
});
