import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { citationsIn } from './citations.ts';
import { citedAs, type Evidence, missing, renderConformance, unknownIds } from './report.ts';
import { statements } from './statements/index.ts';

/** Numbers are put together here, so that this file itself cites nothing. */
const A = `[${'MQTT'}-3.3.1-5]`;
const B = `[${'MQTT3'}-3.3.1-6]`;

function namesIn(source: string): string[] {
  return citationsIn(source).map(({ name }) => name);
}

describe('citations', () => {
  test('are read from every kind of string and call', () => {
    for (const source of [
      `test('${A} one', () => {});`,
      `it("${A} one", () => {});`,
      `describe(\`${A} one\`, () => {});`,
      `await t.test(\n  '${A} one',\n  async () => {});`,
      `test.only('${A} one', () => {});`,
      `const rows = [{ name: '${A} one', hex: '00' }];`,
      `forEachVersion('${A} one', (version) => {});`,
      `test(/* why */ '${A} one', () => {});`,
    ]) {
      assert.deepEqual(namesIn(source), [`${A} one`], source);
    }
  });

  test('come line by line from a table in one string, without the lines between', () => {
    const source = `const rows = table(\`\n${A} one\n  5 0x81 30\nnone\n  ${B} two\n\`);`;
    assert.deepEqual(namesIn(source), [`${A} one`, `${B} two`]);
  });

  test('hold all numbers, side by side or in one bracket, of either version', () => {
    const first = A.slice(1, -1);
    const second = B.slice(1, -1);
    assert.deepEqual(citationsIn(`test('${A} ${B} both', f)`)[0]?.ids, [first, second]);
    assert.deepEqual(citationsIn(`test('[${first}, ${second}] both', f)`)[0]?.ids, [first, second]);
    assert.deepEqual(citationsIn(`test('this shows ${A}', f)`)[0]?.ids, [first]);
  });

  test('do not come from comments, regular expressions, messages or omitted tests', () => {
    for (const source of [
      `// test('${A} one', f)`,
      `/* test('${A} one', f) */`,
      `assert.match(text, /test('${A}/);`,
      `assert.ok(true, 'see ${A}');`,
      `test.skip('${A} one', f);`,
      `test.todo('${A} one');`,
      `test('no number', f);`,
    ]) {
      assert.deepEqual(namesIn(source), [], source);
    }
  });

  test('are not missed behind quotes in comments, regular expressions and templates', () => {
    const source = `
      // it's one quote
      const pattern = /['"\`]/; const half = 4 / 2; const other = a / b / c;
      const text = \`\${version({ a: '}' })} it's\`; const escaped = 'it\\'s';
      test(\`${A} with \${version} and \${\`nested \${1}\`}\`, () => {});
      test('${B} it\\'s', () => {});`;
    assert.deepEqual(namesIn(source), [`${A} with … and …`, `${B} it's`]);
  });
});

describe('the conformance report', () => {
  const evidence = new Map<string, Evidence[]>();
  const [shown] = statements.filter(({ binds }) => binds === 'server');
  assert.ok(shown);
  evidence.set(citedAs(shown), [{ file: 'src/x.test.ts', name: 'a | b <c>' }]);
  evidence.set('MQTT-9.9.9-9', [{ file: 'src/x.test.ts', name: 'misprint' }]);

  test('misses what binds the server and has neither a test nor a reason', () => {
    const all = missing(evidence);
    assert.ok(!all.includes(shown));
    assert.ok(all.every(({ binds, reason }) => binds !== 'client' && reason === undefined));
    const open = statements.filter(
      ({ binds, reason }) => binds !== 'client' && reason === undefined,
    );
    assert.equal(all.length, open.length - 1);
  });

  test('has a row for each statement that binds the server, and only counts the others', () => {
    const page = renderConformance(evidence);
    const rows = page.split('\n').filter((line) => line.startsWith('| MQTT-'));
    const binding = statements.filter(({ binds }) => binds !== 'client');
    assert.deepEqual(
      rows.map((line) => line.split(' | ')[0]?.slice(2)),
      binding.map(({ id }) => id),
    );
    assert.ok(page.includes('| src/x.test.ts: a \\| b &lt;c> |'));
    const counted = [...page.matchAll(/^(\d+) statements? binds? the client only\.$/gm)];
    assert.equal(
      counted.reduce((sum, line) => sum + Number(line[1]), 0),
      statements.length - binding.length,
    );
    assert.doesNotMatch(page, /^### \S+$/m, 'a chapter without a title');
    assert.ok(page.endsWith('\n') && !page.endsWith('\n\n'));
  });

  test('finds numbers in names of tests that no statement has', () => {
    assert.deepEqual(unknownIds(evidence), ['MQTT-9.9.9-9']);
  });

  test('the names of the tests in this repository cite only numbers that exist', () => {
    assert.deepEqual(unknownIds(), []);
  });
});
