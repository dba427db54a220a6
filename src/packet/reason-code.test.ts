import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connackReturnCode, ReasonCode, reasonCodeName } from './index.ts';

test('every Reason Code has the name of the specification', () => {
  for (const code of Object.values(ReasonCode)) assert.doesNotMatch(reasonCodeName(code), /^0x/);
  assert.equal(reasonCodeName(0x87), 'Not authorized');
  assert.equal(reasonCodeName(0x00), 'Success');
  assert.equal(reasonCodeName(0xc4), '0xC4');
  assert.equal(reasonCodeName(3), '0x03');
});

test('[MQTT3-3.2.2-6] every Reason Code has a return code of 3.x', () => {
  const others: Partial<Record<number, number>> = {
    [ReasonCode.success]: 0,
    [ReasonCode.unsupportedProtocolVersion]: 1,
    [ReasonCode.clientIdentifierNotValid]: 2,
    [ReasonCode.badUserNameOrPassword]: 4,
    [ReasonCode.badAuthenticationMethod]: 4,
    [ReasonCode.notAuthorized]: 5,
    [ReasonCode.banned]: 5,
  };
  for (const code of Object.values(ReasonCode)) {
    assert.equal(connackReturnCode(code, 4), others[code] ?? 3);
    assert.equal(connackReturnCode(code, 3), others[code] ?? 3);
    assert.equal(connackReturnCode(code, 5), code);
  }
});
