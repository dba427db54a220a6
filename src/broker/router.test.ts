import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Session, Subscription } from '../session/index.ts';
import { matches } from '../topic/index.ts';
import { sessionNamed, subscription } from './members.test-kit.ts';
import { Router } from './router.ts';
import { SharedStrategy } from './share-group.ts';

function router(cacheEntriesMax = 100): Router {
  return new Router(cacheEntriesMax, SharedStrategy.roundRobin, () => 0);
}

function receivers(from: Router, topicName: string): string[] {
  return from
    .match(topicName)
    .targets.map(({ session }) => session.clientId)
    .sort();
}

test('[MQTT-3.3.4-2] [MQTT-3.3.4-3] subscriptions of one Session that overlap are one target, with what each asks', () => {
  const routes = router();
  const session = sessionNamed('a');
  routes.add(subscription(session, 'x/+', { qos: 1, identifier: 7 }), undefined, true);
  routes.add(subscription(session, 'x/#', { qos: 2, noLocal: true }), undefined, true);
  routes.add(
    subscription(session, 'x/y', { qos: 0, identifier: 9, retainAsPublished: true }),
    undefined,
    true,
  );
  const { targets } = routes.match('x/y');
  assert.equal(targets.length, 1);
  const [target] = targets;
  assert.equal(target?.qos, 2);
  assert.equal(target?.retainAsPublished, true);
  assert.equal(target?.hasNoLocal, true);
  assert.deepEqual([...(target?.identifiers ?? [])].sort(), [7, 9]);
});

test('an answer is remembered until any subscription changes', () => {
  const routes = router();
  const a = subscription(sessionNamed('a'), 't/#');
  routes.add(a, undefined, true);
  const first = routes.match('t/1');
  assert.equal(routes.match('t/1'), first);
  const b = subscription(sessionNamed('b'), 't/1');
  routes.add(b, undefined, true);
  assert.deepEqual(receivers(routes, 't/1'), ['a', 'b']);
  routes.remove(a);
  assert.deepEqual(receivers(routes, 't/1'), ['b']);
  const again = subscription(b.session, 't/1', { qos: 2 });
  routes.add(again, b, true);
  assert.equal(routes.match('t/1').targets[0]?.qos, 2);
  const local = {
    client: { clientId: 'l', username: undefined, protocolVersion: 5, origin } as const,
    noLocal: false,
    receive: () => undefined,
  };
  routes.addLocal('#', local);
  assert.deepEqual(routes.match('t/1').locals, [local]);
  routes.removeLocal('#', local);
  assert.deepEqual(routes.match('t/1').locals, []);
});

test('members of one Shared Subscription are one group; the same filter under another name is another', () => {
  const routes = router();
  const members = ['a', 'b'].map((name) =>
    subscription(sessionNamed(name), 't/+', { shareName: 'g' }),
  );
  for (const one of members) routes.add(one, undefined, true);
  const other = subscription(sessionNamed('c'), 't/+', { shareName: 'h' });
  routes.add(other, undefined, true);
  const { groups, targets } = routes.match('t/1');
  assert.equal(targets.length, 0);
  assert.deepEqual(groups.map(({ shareName, size }) => `${shareName} ${size}`).sort(), [
    'g 2',
    'h 1',
  ]);
  for (const one of [...members, other]) routes.remove(one);
  assert.equal(routes.match('t/1').groups.length, 0);
  assert.deepEqual([routes.groupCount, routes.filterCount], [0, 0]);
});

test('more names than may be remembered are answered all the same', () => {
  const routes = router(10);
  routes.add(subscription(sessionNamed('a'), 't/#'), undefined, true);
  for (let i = 0; i < 1000; i++) assert.deepEqual(receivers(routes, `t/${i}`), ['a']);
  assert.deepEqual(receivers(routes, 't/0'), ['a']);
});

/** With few names remembered answers are computed again and again, with many they must be found out of date. */
for (const namesRemembered of [5, 1000]) {
  test(`whatever is added, replaced and removed, the answer is that of one filter against one name (${namesRemembered} remembered)`, () => {
    const routes = router(namesRemembered);
    const levels = ['a', 'b', '', '$x'];
    let state = 3;
    const below = (limit: number): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return (state >>> 8) % limit;
    };
    const name = (): string =>
      Array.from({ length: 1 + below(5) }, () => levels[below(levels.length)]).join('/') || 'a';
    const filter = (): string => {
      const parts = name()
        .split('/')
        .map((level) => (below(3) === 0 ? '+' : level));
      if (below(4) === 0) parts[parts.length - 1] = '#';
      return parts.join('/');
    };
    const sessions = Array.from({ length: 8 }, (_, i) => sessionNamed(`s${i}`));
    // Few, so that they are asked for again and again.
    const names = Array.from({ length: 60 }, name);
    const held = new Map<string, Subscription>();
    for (let i = 0; i < 5000; i++) {
      const session = sessions[below(sessions.length)] as Session;
      const topicFilter = filter();
      const shareName = below(4) === 0 ? 'g' : undefined;
      const key = `${session.clientId} ${shareName} ${topicFilter}`;
      const known = held.get(key);
      if (known !== undefined && below(2) === 0) {
        routes.remove(known);
        held.delete(key);
      } else if (held.size < 60 || known !== undefined) {
        const qos = ([0, 1, 2] as const)[below(3)] ?? 0;
        const added = subscription(session, topicFilter, { shareName, qos });
        routes.add(added, known, true);
        held.set(key, added);
      } else {
        const [oldest] = held as Iterable<[string, Subscription]>;
        if (oldest !== undefined) {
          routes.remove(oldest[1]);
          held.delete(oldest[0]);
        }
      }
      for (let k = 0; k < 3; k++) {
        const topicName = names[below(names.length)] as string;
        const fitting = [...held.values()].filter((one) => matches(one.topicFilter, topicName));
        assert.deepEqual(answerOf(routes, topicName), expectedOf(fitting), topicName);
      }
    }
    for (const one of held.values()) routes.remove(one);
    assert.deepEqual([routes.filterCount, routes.groupCount], [0, 0]);
  });
}

/** Each receiving Session with its QoS, and each group with its members. */
function answerOf(from: Router, topicName: string): string[] {
  const { targets, groups } = from.match(topicName);
  return [
    ...targets.map(({ session, qos }) => `${session.clientId} ${qos}`),
    ...groups.map(({ topicFilter, size }) => `${topicFilter} of ${size}`),
  ].sort();
}

function expectedOf(fitting: readonly Subscription[]): string[] {
  const qosBySession = new Map<string, number>();
  const sizeByFilter = new Map<string, number>();
  for (const { session, shareName, topicFilter, qos } of fitting) {
    if (shareName === undefined) {
      const known = qosBySession.get(session.clientId) ?? 0;
      qosBySession.set(session.clientId, Math.max(known, qos));
    } else sizeByFilter.set(topicFilter, (sizeByFilter.get(topicFilter) ?? 0) + 1);
  }
  return [
    ...[...qosBySession].map(([clientId, qos]) => `${clientId} ${qos}`),
    ...[...sizeByFilter].map(([topicFilter, size]) => `${topicFilter} of ${size}`),
  ].sort();
}

test('an equal filter is held as one text, whoever subscribes to it', () => {
  const routes = router();
  const text = (): string => ['site', 'a'.repeat(20), '#'].join('/');
  const first = subscription(sessionNamed('a'), text());
  assert.equal(routes.knownText(first.topicFilter), first.topicFilter);
  routes.add(first, undefined, true);
  // Only that it is equal can be asked of a string; that it is the same one bench/memory.ts shows.
  assert.equal(routes.knownText(text()), first.topicFilter);
  assert.equal(routes.knownText('site/b'), 'site/b');
  const shared = subscription(sessionNamed('b'), 't/+', { shareName: 'g' });
  routes.add(shared, undefined, true);
  assert.equal(routes.knownText('t/+'), 't/+');
});

const origin = {
  transport: 'memory',
  listenerName: 'test',
  remoteAddress: '',
  remotePort: 0,
  reach: 'loopback',
  certificate: undefined,
  encryption: undefined,
} as const;
