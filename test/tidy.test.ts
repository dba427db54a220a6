/**
 * The repository tests itself: the rules of ARCHITECTURE.md, each with its reason. The tables here are the
 * rules' definition; a failing test says which rule, where, and why it exists.
 */
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { test } from 'node:test';

/** A folder imports only from lower floors, and from none beside it on its own. */
const floors: Readonly<Record<string, number>> = {
  packet: 0,
  topic: 0,
  session: 1,
  broker: 2,
  storage: 3,
  auth: 3,
  listener: 3,
  gateway: 3,
  telemetry: 3,
  client: 3,
  testing: 3,
  config: 4,
  admin: 4,
  workload: 4,
  '': 5, // src/*.ts: the composition root and the library's surface
  cli: 6,
};

/** What the pure floors may not contain: they are told the time, and chance is an argument. */
const impure: readonly { readonly pattern: RegExp; readonly what: string }[] = [
  { pattern: /\bDate\.now\b|\bnew Date\(\)|\bperformance\.now\b/, what: 'reads the clock' },
  { pattern: /\bMath\.random\b/, what: 'rolls dice' },
  { pattern: /\bset(Timeout|Interval|Immediate)\b|\bqueueMicrotask\b/, what: 'sets a timer' },
  { pattern: /\basync\b|\bawait\b/, what: 'is asynchronous' },
  { pattern: /from 'node:|\bprocess\.|\bBuffer\b/, what: 'needs Node' },
];

/** Names that say nothing; a file is named after what it exports. */
const bannedNames = new Set(['utils', 'helpers', 'common', 'misc', 'manager', 'types']);

/** Lines a file may have, and the files that have a written reason to have more. */
const linesMax = 400;
const longFiles: Readonly<Record<string, { readonly lines: number; readonly reason: string }>> = {};

interface SourceFile {
  readonly path: string;
  readonly folder: string;
  readonly text: string;
  readonly isTest: boolean;
}

const root = join(import.meta.dirname, '..');

function isTestFile(path: string): boolean {
  return /\.test(-kit)?\.tsx?$/.test(path);
}

function sourceFiles(): SourceFile[] {
  return globSync('src/**/*.ts', { cwd: root }).map((path) => ({
    path,
    folder: folderOf(path),
    text: readFileSync(join(root, path), 'utf8'),
    isTest: isTestFile(path),
  }));
}

/** `packet` of `src/packet/reader.ts`; empty for files of src itself. */
function folderOf(path: string): string {
  const parts = path.split('/');
  return parts.length > 2 ? (parts[1] ?? '') : '';
}

function importsOf(file: SourceFile): { readonly target: string; readonly line: number }[] {
  return file.text.split('\n').flatMap((line, index) => {
    const match = /(?:from|import\()\s*'(\.[^']+)'/.exec(line);
    if (match?.[1] === undefined) return [];
    return [{ target: normalize(join(dirname(file.path), match[1])), line: index + 1 }];
  });
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/\/\/.*$/gm, '');
}

const files = sourceFiles();
const product = files.filter((file) => !file.isTest);

test('every folder of src has a floor', () => {
  const unknown = [...new Set(files.map((file) => file.folder))].filter(
    (folder) => floors[folder] === undefined,
  );
  assert.deepEqual(unknown, [], 'add the folder to the table of floors, and to ARCHITECTURE.md');
});

test('a folder imports only from floors below it, through the index of the other folder', () => {
  const broken: string[] = [];
  for (const file of product) {
    for (const { target, line } of importsOf(file)) {
      const from = file.folder;
      const to = folderOf(target);
      if (from === to) continue;
      const isBelow = (floors[to] ?? 99) < (floors[from] ?? -1);
      // The CLI and the library's surface stand above the root's files, which have no index.
      const isIndex = target.endsWith('/index.ts') || to === '';
      if (!isBelow) broken.push(`${file.path}:${line} imports ${target}, not below it`);
      else if (!isIndex) broken.push(`${file.path}:${line} reaches past the index: ${target}`);
    }
  }
  assert.deepEqual(broken, [], 'floors keep every part readable and testable on its own');
});

test('packet and topic import nothing, so they run in browsers', () => {
  const broken = product
    .filter(({ folder }) => folder === 'packet' || folder === 'topic')
    .filter(({ text }) => /from '(?!\.)/.test(text))
    .map(({ path }) => path);
  assert.deepEqual(broken, []);
});

test('the core is pure: no clock, chance, timer, promise or Node in floors 0 and 1, no Node in 2', () => {
  const broken: string[] = [];
  for (const file of product) {
    const floor = floors[file.folder] ?? 99;
    if (floor > 2) continue;
    const text = withoutComments(file.text);
    for (const { pattern, what } of impure) {
      // The broker waits for hooks: promises are its business, not the session's.
      if (floor === 2 && what === 'is asynchronous') continue;
      if (pattern.test(text)) broken.push(`${file.path} ${what}`);
    }
  }
  assert.deepEqual(broken, [], 'a virtual clock and a seed replay everything that the core does');
});

test(`no file has more than ${linesMax} lines without a written reason`, () => {
  const paths = globSync(['src/**/*.ts', 'test/**/*.ts', 'scripts/**/*.ts', 'bench/**/*.ts'], {
    cwd: root,
  });
  const long = paths.flatMap((path) => {
    const lines = readFileSync(join(root, path), 'utf8').split('\n').length - 1;
    const allowed = longFiles[path]?.lines ?? linesMax;
    return lines > allowed ? [`${path} has ${lines} lines, allowed are ${allowed}`] : [];
  });
  assert.deepEqual(long, [], 'a file that needs scrolling to be understood wants splitting');
});

test('file names are kebab-case and say what is inside', () => {
  const broken = files
    .map(({ path }) => path.split('/').at(-1) ?? '')
    .filter((name) => {
      const base = name.replace(/(\.test(-kit)?|\.property\.test)?\.ts$/, '');
      return !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(base) || bannedNames.has(base);
    });
  assert.deepEqual(broken, []);
});

test('a lower floor never mentions a higher one, not even in a comment', () => {
  const broken: string[] = [];
  for (const { path, folder, text } of product) {
    const own = floors[folder] ?? 99;
    for (const [other, floor] of Object.entries(floors)) {
      if (other === '' || floor <= own) continue;
      if (new RegExp(`\\b${other}/(?![\\w.]*\\.(md|com|org))`).test(text)) {
        broken.push(`${path} mentions ${other}/`);
      }
    }
  }
  assert.deepEqual(broken, []);
});

test('no unfinished work is marked in the sources', () => {
  const words = new RegExp(`\\b(${['TO', 'DO'].join('')}|${['FIX', 'ME'].join('')}|XXX)\\b`);
  const broken = files.filter(({ text }) => words.test(text)).map(({ path }) => path);
  assert.deepEqual(broken, []);
});

test('ARCHITECTURE.md shows the same floors as this test', () => {
  const text = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8');
  const rows = new Map(
    [...text.matchAll(/^\| (\d) \| `(?:src\/)?([\w*.]*)\/?`/gm)].map((row) => [
      row[2] === '*.ts' ? '' : (row[2] ?? ''),
      Number(row[1]),
    ]),
  );
  assert.deepEqual(
    Object.fromEntries([...rows].sort()),
    Object.fromEntries(Object.entries(floors).sort()),
  );
});

test('every link between the documents leads somewhere', () => {
  const broken: string[] = [];
  const documents = globSync(['*.md', 'docs/**/*.md'], { cwd: root });
  for (const document of documents) {
    const text = readFileSync(join(root, document), 'utf8');
    for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:|^#/.test(target)) continue;
      const path = join(root, dirname(document), target.replace(/#.*$/, ''));
      if (!existsSync(path)) broken.push(`${document}: ${relative(root, path)}`);
    }
  }
  assert.deepEqual(broken, []);
});
