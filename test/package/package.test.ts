/**
 * The package as users get it: built, packed, installed in a small project outside, compiled against and
 * run. The outside project gets the locked versions of our dependencies, so that npm takes them from its
 * cache and asks the registry only for what is not there.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'linnet-package-'));
const stage = join(folder, 'stage');
const outside = join(folder, 'outside');
after(() => rmSync(folder, { recursive: true, force: true }));

const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const manifest = readJson('package.json');
const tarball = `linnet-${manifest.version}.tgz`;

/** npm of the machine, with the Node of this test, and without what an npm above it has set. */
const environment: NodeJS.ProcessEnv = {
  ...Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^npm_(package|lifecycle|config_local)/.test(name),
    ),
  ),
  PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
};

const npm = (cwd: string, ...words: string[]) => run('npm', words, { cwd, env: environment });
const node = (...words: string[]) => run(process.execPath, words, { cwd: outside });

await pack();
const unreachable = await install();
const skip =
  unreachable === undefined ? false : `needs the npm registry or its cache: ${unreachable}`;

test('the package holds what users need, and no tests', async () => {
  const { stdout } = await run('tar', ['-tzf', join(outside, tarball)]);
  const paths = stdout.split('\n').map((path) => path.replace(/^package\//, ''));
  for (const needed of [
    'LICENSE',
    'README.md',
    'CHANGELOG.md',
    'SECURITY.md',
    'env.example',
    'bin/linnet.js',
    'dist/index.js',
    'dist/index.d.ts',
    'dist/packet/index.js',
    'dist/testing/index.d.ts',
    'dist/cli/main.js',
    'dist/storage/sql/sql-worker.js',
    'docs/reference/configuration.md',
    'docs/reference/linnet.schema.json',
  ]) {
    assert.ok(paths.includes(needed), `${needed} is missing`);
  }
  const unwanted = paths.filter((path) =>
    /\.test(-kit)?\.|\/test-packets|^(src|test|bench)\//.test(path),
  );
  assert.deepEqual(unwanted, []);
});

for (const [module, moduleResolution] of [
  ['nodenext', 'nodenext'],
  ['esnext', 'bundler'],
] as const) {
  test(`a program that uses it compiles with ${moduleResolution}, declarations checked`, {
    skip,
  }, async () => {
    const config = `tsconfig.${moduleResolution}.json`;
    writeOutside(config, {
      compilerOptions: {
        module,
        moduleResolution,
        target: 'es2024',
        lib: ['es2024', 'esnext.disposable'],
        strict: true,
        exactOptionalPropertyTypes: true,
        skipLibCheck: false,
        noEmit: true,
        types: ['node'],
        typeRoots: [join(root, 'node_modules', '@types')],
      },
      files: ['program.ts'],
    });
    const { stdout } = await node(compiler, '-p', config).catch((error) => error);
    assert.equal(stdout, '');
  });
}

test('that program runs: it embeds a broker, uses the codec and the test kit', {
  skip,
}, async () => {
  const { stdout, stderr } = await node('program.ts');
  assert.equal(stderr, '');
  assert.deepEqual(stdout.trim().split('\n'), [
    `linnet ${manifest.version}`,
    'matched 1',
    'over TCP: hello hi',
    'test kit: 0',
  ]);
});

test('its thread for SQLite files starts, also from a program given on the command line', {
  skip,
}, async () => {
  const program = `
    import { createBroker } from 'linnet';
    import { DatabaseSync } from 'node:sqlite';
    await using broker = await createBroker({ data_dir: 'sql-data' });
    const { connections } = broker.server.status().sql;
    const rows = new DatabaseSync(connections.file).prepare('SELECT * FROM connections').all();
    console.log(connections.isWorking, rows.length);`;
  const { stdout, stderr } = await node('--input-type=module', '--eval', program);
  assert.equal(stderr, '');
  assert.equal(stdout, 'true 0\n');
});

test('a CommonJS program can require it', { skip }, async () => {
  const { stdout } = await node('-p', "typeof require('linnet').createBroker");
  assert.equal(stdout, 'function\n');
});

test('npx linnet runs the installed command', { skip }, async () => {
  const { stdout } = await run('npx', ['--no', 'linnet', 'version'], {
    cwd: outside,
    env: environment,
  });
  assert.equal(stdout, `linnet ${manifest.version}\n`);
});

test('the installed command writes a configuration that points to the installed schema', {
  skip,
}, async () => {
  const { stdout } = await node('node_modules/linnet/bin/linnet.js', 'config', 'init', '-');
  const schema = /\$schema=(\S+)/.exec(stdout)?.[1] ?? '';
  assert.ok(JSON.parse(readFileSync(schema, 'utf8')).properties.mqtt, schema);
});

test('on an older Node the command says in one line what to do', async () => {
  const older = join(folder, 'older.cjs');
  writeFileSync(
    older,
    "Object.defineProperty(process, 'versions', { value: { node: '20.20.2' } });" +
      "Object.defineProperty(process, 'version', { value: 'v20.20.2' });",
  );
  const failed = await run(process.execPath, ['-r', older, join(root, 'bin', 'linnet.js')]).catch(
    (error) => error,
  );
  assert.equal(failed.code, 64);
  assert.equal(failed.stdout, '');
  assert.match(
    failed.stderr,
    /^error {2}linnet needs Node 24 or later, this is v20\.20\.2 {3}fix {3}install Node 24 .+\n$/,
  );
  assert.equal(failed.stderr.split('\n').length, 2);
});

/** Builds beside the repository, whose own dist may be in use, and packs what package.json names. */
async function pack(): Promise<void> {
  mkdirSync(outside, { recursive: true });
  const project = join(root, 'tsconfig.build.json');
  const { stdout } = await run(process.execPath, [
    compiler,
    '-p',
    project,
    '--outDir',
    join(stage, 'dist'),
  ]).catch((error) => error);
  assert.equal(stdout, '', 'the sources do not compile');
  for (const name of [...manifest.files, 'package.json', 'README.md', 'LICENSE']) {
    if (name !== 'dist') cpSync(join(root, name), join(stage, name), { recursive: true });
  }
  await npm(stage, 'pack', '--ignore-scripts', '--pack-destination', outside);
}

/** @returns why npm could not get the dependencies, if so */
async function install(): Promise<string | undefined> {
  const spec = `file:${tarball}`;
  const { dependencies, optionalDependencies, bin, engines, version } = manifest;
  const head = { name: 'outside', version: '1.0.0' };
  const locked = Object.entries(readJson('package-lock.json').packages).filter(
    ([path, entry]) => path !== '' && !entry.dev,
  );
  writeOutside('package.json', { ...head, type: 'module', dependencies: { linnet: spec } });
  writeOutside('package-lock.json', {
    ...head,
    lockfileVersion: 3,
    packages: {
      '': { ...head, dependencies: { linnet: spec } },
      'node_modules/linnet': {
        version,
        resolved: spec,
        dependencies,
        optionalDependencies,
        bin,
        engines,
      },
      ...Object.fromEntries(locked),
    },
  });
  cpSync(join(import.meta.dirname, 'program.txt'), join(outside, 'program.ts'));
  try {
    await npm(outside, 'ci', '--prefer-offline', '--no-audit', '--no-fund');
    return undefined;
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    const code = /code (E[A-Z_]+)/.exec(text)?.[1] ?? '';
    const isNetwork = /^E(NOTFOUND|AI_AGAIN|CONN|TIMEDOUT|NETUNREACH|HOSTUNREACH|NOTCACHED)/.test(
      code,
    );
    if (!isNetwork) throw error;
    return code;
  }
}

interface Manifest {
  readonly version: string;
  readonly files: readonly string[];
  readonly packages: Readonly<Record<string, { readonly dev?: boolean }>>;
  readonly [field: string]: unknown;
}

function readJson(path: string): Manifest {
  return JSON.parse(readFileSync(join(root, path), 'utf8'));
}

function writeOutside(path: string, value: unknown): void {
  writeFileSync(join(outside, path), JSON.stringify(value, null, 2));
}
