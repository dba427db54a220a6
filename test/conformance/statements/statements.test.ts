import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Statement, statements } from './index.ts';

/** How many statements each section has in appendix B of the standard. */
const COUNTS: Readonly<Record<Statement['version'], Readonly<Record<string, number>>>> = {
  '5.0': {
    '1.5.4': 3,
    '1.5.5': 1,
    '1.5.7': 1,
    '2.1.3': 1,
    '2.2.1': 5,
    '2.2.2': 1,
    '3.1.0': 2,
    '3.1.2': 30,
    '3.1.3': 12,
    '3.1.4': 6,
    '3.2.0': 2,
    '3.2.2': 22,
    '3.3.1': 13,
    '3.3.2': 20,
    '3.3.4': 10,
    '3.4.2': 3,
    '3.5.2': 3,
    '3.6.1': 1,
    '3.6.2': 3,
    '3.7.2': 3,
    '3.8.1': 1,
    '3.8.3': 5,
    '3.8.4': 8,
    '3.9.2': 2,
    '3.9.3': 2,
    '3.10.1': 1,
    '3.10.3': 2,
    '3.10.4': 6,
    '3.11.2': 2,
    '3.11.3': 2,
    '3.12.4': 1,
    '3.14.0': 1,
    '3.14.1': 1,
    '3.14.2': 4,
    '3.14.4': 3,
    '3.15.1': 1,
    '3.15.2': 3,
    '4.1.0': 2,
    '4.2.0': 1,
    '4.3.1': 1,
    '4.3.2': 5,
    '4.3.3': 13,
    '4.4.0': 2,
    '4.5.0': 2,
    '4.6.0': 6,
    '4.7.0': 1,
    '4.7.1': 2,
    '4.7.2': 1,
    '4.7.3': 4,
    '4.8.2': 6,
    '4.9.0': 3,
    '4.12.0': 7,
    '4.12.1': 2,
    '4.13.1': 1,
    '4.13.2': 1,
    '6.0.0': 4,
  },
  '3.1.1': {
    '1.5.3': 3,
    '2.2.2': 2,
    '2.3.1': 7,
    '3.1.0': 2,
    '3.1.2': 24,
    '3.1.3': 11,
    '3.1.4': 5,
    '3.2.0': 1,
    '3.2.2': 6,
    '3.3.1': 12,
    '3.3.2': 3,
    '3.3.4': 1,
    '3.3.5': 2,
    '3.6.1': 1,
    '3.8.1': 1,
    '3.8.3': 4,
    '3.8.4': 6,
    '3.9.3': 2,
    '3.10.1': 1,
    '3.10.3': 2,
    '3.10.4': 6,
    '3.12.4': 1,
    '3.14.1': 1,
    '3.14.4': 3,
    '4.1.0': 2,
    '4.3.1': 1,
    '4.3.2': 2,
    '4.3.3': 2,
    '4.4.0': 1,
    '4.5.0': 2,
    '4.6.0': 6,
    '4.7.1': 3,
    '4.7.2': 1,
    '4.7.3': 4,
    '4.8.0': 2,
    '6.0.0': 4,
    '7.0.0': 2,
    '7.1.1': 1,
    '7.1.2': 1,
  },
};

function numbers(id: string): number[] {
  return id
    .slice('MQTT-'.length)
    .split(/[.-]/)
    .map((part) => Number(part));
}

function compare(a: string, b: string): number {
  const left = numbers(a);
  const right = numbers(b);
  for (let i = 0; i < left.length; i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

describe('the conformance statements', () => {
  for (const [version, total] of [
    ['5.0', 251],
    ['3.1.1', 141],
  ] as const) {
    const ofVersion = statements.filter((statement) => statement.version === version);

    test(`of MQTT ${version} are the ${total} of its appendix B, section by section`, () => {
      const counted: Record<string, number> = {};
      for (const { id } of ofVersion) {
        const section = id.slice('MQTT-'.length, id.lastIndexOf('-'));
        counted[section] = (counted[section] ?? 0) + 1;
      }
      assert.deepEqual(counted, COUNTS[version]);
      assert.equal(ofVersion.length, total);
    });

    test(`of MQTT ${version} have well-formed ids that rise by one within a section`, () => {
      for (const [i, { id }] of ofVersion.entries()) {
        assert.match(id, /^MQTT-[1-7]\.\d+\.\d+-[1-9]\d*$/);
        const before = ofVersion[i - 1];
        if (before === undefined) continue;
        assert.ok(compare(before.id, id) < 0, `${id} after ${before.id}`);
        const section = id.slice(0, id.lastIndexOf('-') + 1);
        if (!before.id.startsWith(section)) continue;
        assert.equal(numbers(id).at(-1), (numbers(before.id).at(-1) ?? 0) + 1, id);
      }
    });
  }

  test('are unique, and say something as a sentence', () => {
    const seen = new Set<string>();
    for (const { id, version, text, reason } of statements) {
      assert.ok(!seen.has(`${version} ${id}`), `${version} ${id} twice`);
      seen.add(`${version} ${id}`);
      assert.match(text, /^[A-Z`].{10,}[.)]$/, id);
      assert.doesNotMatch(text, /\bMUST\b|\bSHALL\b/, id);
      if (reason !== undefined) assert.match(reason, /^[A-Z].{10,}\.$/, id);
    }
  });
});
