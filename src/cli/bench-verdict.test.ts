import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ReportChanges, reportOf } from './bench-reports.test-kit.ts';
import { benchNotes, isFlawless } from './bench-verdict.ts';

function notes(changes: ReportChanges): string {
  return benchNotes(reportOf(changes)).join('\n');
}

test('a run without a flaw has nothing to note', () => {
  assert.equal(isFlawless(reportOf()), true);
  assert.equal(notes({}), '');
});

test('what a broker may not do is a flaw', () => {
  for (const counts of [
    { failed: 1 },
    { dropped: 1 },
    { refused: 1 },
    { unacknowledged: 1 },
    { corrupt: 1 },
    { misrouted: 1 },
    { unexpected: 1 },
    { duplicated: 1 },
  ]) {
    assert.equal(isFlawless(reportOf({ counts })), false, JSON.stringify(counts));
  }
  assert.equal(isFlawless(reportOf({ result: { lost: 1 } })), false);
});

test('at QoS 0 loss and doubles are no flaw, unless nothing came at all', () => {
  const plan = { qos: 0 } as const;
  const lossy = reportOf({ plan, counts: { duplicated: 3 }, result: { lost: 500 } });
  assert.equal(isFlawless(lossy), true);
  assert.equal(isFlawless(reportOf({ plan, counts: { received: 0 } })), false);
});

test('with a shared subscription nobody can know what is lost', () => {
  const plan = { kind: 'sub', publisherCount: 0, topicFilter: '$share/g/load/#' } as const;
  assert.equal(isFlawless(reportOf({ plan, result: { lost: 500 } })), true);
});

test('the generator says when it was the limit', () => {
  assert.match(notes({ result: { busy: 0.97 } }), /generator was the limit.* 97 %.*--workers 2/);
  const one = { publisherCount: 1, subscriberCount: 0 };
  assert.doesNotMatch(notes({ plan: one, result: { busy: 1 } }), /--workers/);
  assert.match(notes({ result: { starved: 0.3 } }), /had to wait for a core 30 % of the time/);
});

test('it says when its machine made messages late', () => {
  assert.equal(notes({ result: { lateCount: 500 } }), '');
  assert.match(notes({ result: { lateCount: 600 } }), /600 messages were noticed more than 1 ms/);
});

test('it says when the broker did not keep up', () => {
  assert.match(notes({ counts: { unsent: 20 } }), /20 messages were due and never sent/);
  assert.match(notes({ result: { stalls: 2 } }), /2 times nothing came for 2 s/);
});

test('it says what was not measured', () => {
  assert.match(notes({ counts: { ofOtherMachines: 7 } }), /7 messages came from another machine/);
  assert.match(notes({ report: { broker: undefined } }), /broker could not be watched/);
  assert.equal(notes({ report: { broker: undefined, wantsBroker: false } }), '');
  const early = { measured: { seconds: 0 }, report: { isInterrupted: true } };
  assert.match(notes(early), /ended before anything was measured/);
});
