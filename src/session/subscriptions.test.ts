import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quietSession } from './session.test-kit.ts';
import { Subscription, type SubscriptionFields, subscriptionKey } from './subscription.ts';
import { Subscriptions } from './subscriptions.ts';

const session = quietSession();

function subscription(
  topicFilter: string,
  changes: Partial<SubscriptionFields> = {},
): Subscription {
  return new Subscription({
    session,
    topicFilter,
    shareName: undefined,
    qos: 1,
    noLocal: false,
    retainAsPublished: false,
    retainHandling: 0,
    identifier: undefined,
    ...changes,
  });
}

test('a subscription gives every option back as it was asked for', () => {
  for (const qos of [0, 1, 2] as const) {
    for (const retainHandling of [0, 1, 2] as const) {
      for (const bits of [0, 1, 2, 3]) {
        const fields = {
          qos,
          retainHandling,
          noLocal: (bits & 1) !== 0,
          retainAsPublished: (bits & 2) !== 0,
          identifier: bits === 0 ? undefined : bits,
        };
        const made = subscription('a', fields);
        const { noLocal, retainAsPublished, identifier } = made;
        assert.deepEqual(
          {
            qos: made.qos,
            retainHandling: made.retainHandling,
            noLocal,
            retainAsPublished,
            identifier,
          },
          fields,
        );
      }
    }
  }
});

test('a subscription alone is a set of one', () => {
  const plain = subscription('a');
  assert.deepEqual([plain.subscriptions, plain.identifiers], [[plain], undefined]);
  const special = subscription('a', { identifier: 7, noLocal: true });
  assert.deepEqual([special.identifiers, special.hasNoLocal], [[7], true]);
});

test('a filter and the same filter of a Shared Subscription are different', () => {
  const held = new Subscriptions();
  const own = subscription('a/b');
  const shared = subscription('a/b', { shareName: 'g' });
  assert.equal(held.add(own), undefined);
  assert.equal(held.add(shared), undefined);
  assert.equal(held.get('a/b'), own);
  assert.equal(held.get('$share/g/a/b'), shared);
  assert.equal(held.get('$share/h/a/b'), undefined);
  assert.equal(held.delete('a/b'), own);
  assert.deepEqual([...held], [shared]);
});

/** Few are a list, many an index: both are gone through, and the way from one to the other. */
for (const count of [1, 5, 16, 17, 200]) {
  test(`${count} subscriptions are found, replaced and deleted by what the client wrote`, () => {
    const held = new Subscriptions();
    const plain = new Map<string, Subscription>();
    let state = 5;
    const below = (limit: number): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return (state >>> 8) % limit;
    };
    for (let i = 0; i < 50 * count; i++) {
      const topicFilter = `t/${below(count)}`;
      const shareName = below(3) === 0 ? 'g' : undefined;
      const key = subscriptionKey(topicFilter, shareName);
      if (below(3) === 0) {
        assert.equal(held.delete(key), plain.get(key));
        plain.delete(key);
      } else {
        const added = subscription(topicFilter, { shareName });
        assert.equal(held.add(added), plain.get(key));
        plain.set(key, added);
      }
      assert.equal(held.size, plain.size);
      assert.equal(held.has(key), plain.has(key));
    }
    assert.deepEqual(new Set(held), new Set(plain.values()));
    for (const one of held) {
      assert.equal(held.delete(subscriptionKey(one.topicFilter, one.shareName)), one);
    }
    assert.equal(held.size, 0);
    held.add(subscription('a'));
    held.clear();
    assert.deepEqual([held.size, [...held]], [0, []]);
  });
}
