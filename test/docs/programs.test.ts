/** The programs in the documents are compiled and run, each in a process of its own. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { createBroker } from '../../src/index.ts';
import { documents, root } from './documents.ts';

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'linnet-docs-'));
after(() => rmSync(folder, { recursive: true, force: true }));
symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');

/** What the package exports, as sources. */
const entries: Readonly<Record<string, string>> = {
  linnet: 'src/index.ts',
  'linnet/packet': 'src/packet/index.ts',
  'linnet/testing': 'src/testing/index.ts',
};

interface Program {
  readonly title: string;
  readonly file: string;
  readonly text: string;
}

function programs(language: string): Program[] {
  return documents.flatMap(({ path, blocks }) =>
    blocks
      .filter((block) => block.language === language)
      .map(({ line, text }) => ({
        title: `${path}:${line}`,
        file: `${path.replaceAll(/\W/g, '-')}-${line}.${language === 'python' ? 'py' : language}`,
        text,
      })),
  );
}

/** Runs a program to its end. @returns what it printed */
async function output(command: string, file: string): Promise<string> {
  const { stdout, stderr } = await run(command, [file], { cwd: folder, timeout: 30_000 });
  assert.equal(stderr, '');
  return stdout;
}

const typescript = programs('ts');
for (const { file, text } of typescript) {
  const linked = text.replaceAll(/from '(linnet[^']*)'/g, (_all, name: string) => {
    const entry = entries[name];
    assert.ok(entry, `the package does not export ${name}`);
    return `from '${join(root, entry)}'`;
  });
  // A fixed port may be taken on the machine of the test.
  writeFileSync(join(folder, file), linked.replaceAll('1883', '0'));
}

test('the TypeScript programs of the documents compile', async () => {
  assert.ok(typescript.length > 5);
  const config = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: {
      allowImportingTsExtensions: true,
      rewriteRelativeImportExtensions: false,
      isolatedDeclarations: false,
      declaration: false,
      noUnusedLocals: false,
      typeRoots: [join(root, 'node_modules', '@types')],
    },
    include: [],
    files: typescript.map(({ file }) => file),
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { stdout } = await run(process.execPath, [compiler, '-p', folder]).catch((error) => error);
  assert.equal(stdout, '');
});

for (const { title, file } of typescript) {
  test(`the TypeScript program at ${title} runs to its end`, async () => {
    await output(process.execPath, file);
  });
}

test('the embedded broker of the README prints what was published', async () => {
  const program = typescript.find(({ title }) => title.startsWith('README.md'));
  assert.ok(program);
  assert.equal(await output(process.execPath, program.file), 'hi from inside\n');
});

const python = await pythonWithPaho();
for (const [language, command] of [
  ['js', process.execPath],
  ['python', python],
] as const) {
  const found = programs(language);
  test(`there is a program in ${language}`, () => assert.ok(found.length > 0));
  for (const { title, file, text } of found) {
    test(`the ${language} program at ${title} exchanges a message with the broker`, {
      skip: command === undefined && 'needs paho-mqtt (apt install python3-paho-mqtt)',
    }, async () => {
      await using broker = await createBroker({ mqtt: { host: '127.0.0.1', port: 0 } });
      const { port } = broker.server.listeners[0]?.address ?? {};
      writeFileSync(join(folder, file), text.replaceAll('1883', String(port)));
      assert.match(await output(command ?? '', file), /^hello hi from \w+\n$/);
    });
  }
}

/** Several Pythons may be installed, and one of them may have Paho. */
async function pythonWithPaho(): Promise<string | undefined> {
  for (const command of ['python3', '/usr/bin/python3']) {
    try {
      await run(command, ['-c', 'import paho.mqtt']);
      return command;
    } catch {
      // Not this one.
    }
  }
  return undefined;
}
