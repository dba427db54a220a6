import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LinkOrigin } from '../broker/index.ts';
import { ReasonCode } from '../packet/index.ts';
import { TestBroker } from '../testing/index.ts';
import { createDefaultAccess, type DefaultAccessOptions } from './default-access.ts';

const off: DefaultAccessOptions = {
  enabled: false,
  allowAnonymous: 'private',
  username: 'admin',
  password: 'password',
  usesShippedPassword: true,
};

function connackCode(
  options: Partial<DefaultAccessOptions>,
  reach: LinkOrigin['reach'],
  login?: readonly [string, string],
): number {
  const broker = new TestBroker({ plugins: [createDefaultAccess({ ...off, ...options })] });
  const client = broker.open({ reach });
  const password = login === undefined ? undefined : new TextEncoder().encode(login[1]);
  return client.connect({ username: login?.[0], password }).reasonCode;
}

test('with nothing set, loopback and private networks are let in and public addresses are not', () => {
  assert.equal(connackCode({}, 'loopback'), ReasonCode.success);
  assert.equal(connackCode({}, 'private'), ReasonCode.success);
  assert.equal(connackCode({}, 'public'), ReasonCode.notAuthorized);
  assert.equal(connackCode({ allowAnonymous: true }, 'public'), ReasonCode.success);
});

test('with authentication on, a login is needed from everywhere', () => {
  const on = { enabled: true, password: 'secret', usesShippedPassword: false };
  assert.equal(connackCode(on, 'loopback'), ReasonCode.notAuthorized);
  assert.equal(connackCode(on, 'public', ['admin', 'secret']), ReasonCode.success);
  assert.equal(connackCode(on, 'public', ['admin', 'Secret']), ReasonCode.badUserNameOrPassword);
  assert.equal(connackCode(on, 'public', ['root', 'secret']), ReasonCode.badUserNameOrPassword);
});

test('allow_anonymous true admits anonymous clients beside users, and no wrong passwords', () => {
  const on = { enabled: true, allowAnonymous: true, password: 's', usesShippedPassword: false };
  assert.equal(connackCode(on, 'public'), ReasonCode.success);
  assert.equal(connackCode(on, 'public', ['admin', 'x']), ReasonCode.badUserNameOrPassword);
});

test('allow_anonymous false asks for a login also while authentication is not switched on', () => {
  assert.equal(connackCode({ allowAnonymous: false }, 'loopback'), ReasonCode.notAuthorized);
  assert.equal(
    connackCode({ allowAnonymous: false }, 'loopback', ['admin', 'password']),
    ReasonCode.success,
  );
});

test('the shipped password works from loopback only', () => {
  const on = { enabled: true };
  assert.equal(connackCode(on, 'loopback', ['admin', 'password']), ReasonCode.success);
  assert.equal(connackCode(on, 'private', ['admin', 'password']), ReasonCode.badUserNameOrPassword);
});
