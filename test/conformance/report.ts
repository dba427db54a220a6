/**
 * The conformance report: which test shows which normative statement.
 *
 * Read anew from the sources on every call, so that it cannot be out of date; the page that is written
 * from it, `docs/reference/conformance.md`, can, and is compared by a test.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { citationsIn } from './citations.ts';
import { type Statement, statements } from './statements/index.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const SCANNED = ['src', 'test'];

/** A test that shows a statement. */
export type Evidence = {
  /** Path from the root of the repository, with slashes. */
  readonly file: string;
  readonly name: string;
};

/** Tests by number as tests write it: `MQTT-3.3.1-6` (5.0) or `MQTT3-3.3.1-6` (3.1.1). */
export type EvidenceById = ReadonlyMap<string, readonly Evidence[]>;

/** How names of tests write the statement's number. */
export function citedAs(statement: Statement): string {
  return statement.version === '5.0' ? statement.id : statement.id.replace('MQTT-', 'MQTT3-');
}

/** Reads the names of all tests in `*.test.ts` and `*.test-kit.ts` below `src/` and `test/`. */
export function collectEvidence(): EvidenceById {
  const byId = new Map<string, Evidence[]>();
  for (const file of testFiles()) {
    for (const { name, ids } of citationsIn(readFileSync(join(ROOT, file), 'utf8'))) {
      for (const id of new Set(ids)) {
        const evidence = byId.get(id) ?? [];
        evidence.push({ file, name });
        byId.set(id, evidence);
      }
    }
  }
  return byId;
}

function testFiles(): string[] {
  return SCANNED.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.test(-kit)?\.ts$/.test(entry.name))
      .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)).replaceAll(sep, '/')),
  ).sort();
}

/** Statements that bind the server and have neither a test nor a reason why none is needed. */
export function missing(evidence: EvidenceById = collectEvidence()): Statement[] {
  return statements.filter(
    (statement) =>
      statement.binds !== 'client' &&
      statement.reason === undefined &&
      !evidence.has(citedAs(statement)),
  );
}

/** Numbers in names of tests that no statement has: misprints. */
export function unknownIds(evidence: EvidenceById = collectEvidence()): string[] {
  const known = new Set(statements.map(citedAs));
  return [...evidence.keys()].filter((id) => !known.has(id)).sort();
}

/** The page as Markdown, with a newline at its end. */
export function renderConformance(evidence: EvidenceById = collectEvidence()): string {
  return [
    '# Conformance',
    '',
    '<!-- Generated from the names of the tests and test/conformance/statements/ by `npm run generate`. Do not edit. -->',
    '',
    'This page is generated. It lists every normative statement of MQTT 5.0 and MQTT 3.1.1 that binds a',
    "server, in our own words and with the number it has in the specification's appendix B, and the tests",
    'that show it. In names of tests `[MQTT-…]` is a statement of 5.0 and `[MQTT3-…]` one of 3.1.1.',
    '',
    ...summary(evidence),
    ...version('5.0', evidence),
    ...version('3.1.1', evidence),
  ].join('\n');
}

const VERSIONS = ['5.0', '3.1.1'] as const;

function summary(evidence: EvidenceById): string[] {
  const lines = [
    '| MQTT | statements | bind the server | shown by a test | with a reason instead | neither |',
    '| --- | ---: | ---: | ---: | ---: | ---: |',
  ];
  for (const name of VERSIONS) {
    const all = statements.filter((statement) => statement.version === name);
    const binding = all.filter((statement) => statement.binds !== 'client');
    const shown = binding.filter((statement) => evidence.has(citedAs(statement)));
    const open = missing(evidence).filter((statement) => statement.version === name);
    const excused = binding.length - shown.length - open.length;
    lines.push(
      `| ${[name, all.length, binding.length, shown.length, excused, open.length].join(' | ')} |`,
    );
  }
  return [...lines, ''];
}

const CHAPTERS: Readonly<Record<string, string>> = {
  '1': 'Data representation',
  '2': 'Packet format',
  '3.1': 'CONNECT',
  '3.2': 'CONNACK',
  '3.3': 'PUBLISH',
  '3.4': 'PUBACK',
  '3.5': 'PUBREC',
  '3.6': 'PUBREL',
  '3.7': 'PUBCOMP',
  '3.8': 'SUBSCRIBE',
  '3.9': 'SUBACK',
  '3.10': 'UNSUBSCRIBE',
  '3.11': 'UNSUBACK',
  '3.12': 'PINGREQ',
  '3.14': 'DISCONNECT',
  '3.15': 'AUTH',
  '4': 'Operational behaviour',
  '6': 'WebSocket',
  '7': 'Conformance',
};

/** Chapter of a statement; the packets of chapter 3 each have their own. */
function chapterOf({ id }: Statement): string {
  const [chapter = '', section = ''] = id.slice('MQTT-'.length).split('.');
  return chapter === '3' ? `3.${section}` : chapter;
}

function version(name: Statement['version'], evidence: EvidenceById): string[] {
  const ofVersion = statements.filter((statement) => statement.version === name);
  const lines = [`## MQTT ${name}`, ''];
  for (const [chapter, inChapter] of Map.groupBy(ofVersion, chapterOf)) {
    const rows = inChapter.filter((statement) => statement.binds !== 'client');
    const clients = inChapter.length - rows.length;
    lines.push(`### ${chapter} ${CHAPTERS[chapter] ?? ''}`.trimEnd(), '');
    if (rows.length > 0) {
      lines.push('| id | binds | statement | shown by |', '| --- | --- | --- | --- |');
      for (const statement of rows) lines.push(row(statement, evidence));
      lines.push('');
    }
    if (clients > 0) {
      const many = clients === 1 ? '1 statement binds' : `${clients} statements bind`;
      lines.push(`${many} the client only.`, '');
    }
  }
  return lines;
}

function row(statement: Statement, evidence: EvidenceById): string {
  const tests = evidence.get(citedAs(statement)) ?? [];
  const shown = tests.map(({ file, name }) => cell(`${file}: ${name}`)).join('<br>');
  const proof = shown !== '' ? shown : cell(statement.reason ?? '**no test yet**');
  return `| ${statement.id} | ${statement.binds} | ${cell(statement.text)} | ${proof} |`;
}

function cell(text: string): string {
  return text
    .replaceAll('\\', '\\\\')
    .replaceAll('|', '\\|')
    .replaceAll('<', '&lt;')
    .replaceAll(/\s+/g, ' ')
    .trim();
}
