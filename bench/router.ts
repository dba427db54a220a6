/**
 * Cost of knowing the receivers: `node bench/router.ts`. 100,000 filters that do not match beside one that does
 * for each name; names that come again, more names than are remembered, and a subscription in between.
 */
import { defaultSettings } from '../src/broker/index.ts';
import { Router } from '../src/broker/router.ts';
import {
  OutboundFlow,
  QueueOverflow,
  QueueTotals,
  Session,
  Subscription,
} from '../src/session/index.ts';
import { line } from './measure.ts';
import { nsPerCall } from './timing.ts';

const calls = 100_000;
const background = 100_000;
const nothing = (): void => undefined;

const session = new Session('session', 1, 5, () => {
  const observer = {
    dropped: nothing,
    delivered: () => 0,
    settled: nothing,
    released: () => 0,
    overflowDisconnect: nothing,
  };
  const limits = {
    messagesMax: Infinity,
    bytesMax: Infinity,
    queueQoS0Offline: false,
    overflowFor: () => QueueOverflow.dropOldest,
  };
  return new OutboundFlow(observer, limits, new QueueTotals());
});

const { limits, sharedStrategy } = defaultSettings;
const router = new Router(limits.matchCacheEntriesMax, sharedStrategy, () => 0.5);

function add(topicFilter: string, replaced?: Subscription): Subscription {
  const subscription = new Subscription({
    session,
    topicFilter,
    shareName: undefined,
    qos: 1,
    noLocal: false,
    retainAsPublished: false,
    retainHandling: 0,
    identifier: undefined,
  });
  router.add(subscription, replaced, true);
  return subscription;
}

for (let i = 0; i < background; i++) {
  const levels = ['background', `b-${i % 100}`, `r-${i}`, 'x'];
  if (i % 5 === 0) levels[3] = i % 10 === 0 ? '+' : '#';
  add(levels.join('/'));
}
const nameCount = limits.matchCacheEntriesMax * 2;
const names = Array.from({ length: nameCount }, (_, i) =>
  ['iot', `b-${i % 100}`, `s-${i}`].join('/'),
);
for (const name of names) add(name);

let found = 0;

function match(count: number): () => void {
  return () => {
    for (let i = 0; i < calls; i++) {
      found += router.match(names[i % count] ?? '').targets.length;
    }
  };
}

line('match, 1,000 names that come again', nsPerCall(calls, match(1000)), 'ns');
line(
  `match, ${nameCount} names, twice as many as are kept`,
  nsPerCall(calls, match(nameCount)),
  'ns',
);

let again = add('iot/again');
const subscribeBetween = nsPerCall(10_000, () => {
  for (let i = 0; i < 10_000; i++) {
    if (i % 10 === 0) again = add('iot/again', again);
    found += router.match(names[i % 1000] ?? '').targets.length;
  }
});
line('match, 1,000 names, a subscription for every tenth', subscribeBetween, 'ns');
if (found === 0) throw new Error('nothing matched');
