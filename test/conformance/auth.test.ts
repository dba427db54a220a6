/** Enhanced authentication (4.12, 3.15) through the hooks `authenticate` and `continueAuthentication`. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type {
  AuthenticationOutcome,
  BrokerPlugin,
  ConnectRequest,
} from '../../src/broker/index.ts';
import { type AuthPacket, PacketType, ReasonCode } from '../../src/packet/index.ts';
import { TestBroker, type TestClient } from '../../src/testing/index.ts';
import { assertClosed, connected, forV3 } from './each-version.ts';
import { FactRecorder } from './fact-recorder.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (data: Uint8Array | undefined) => new TextDecoder().decode(data);

/** Asks `count` questions; the answer to each is its number, a wrong one is refused. */
class Quiz implements BrokerPlugin {
  readonly name = 'quiz';
  private readonly questions: number;
  private readonly asked = new Map<string, number>();

  constructor(questions: number) {
    this.questions = questions;
  }

  authenticate({ connect, clientId }: ConnectRequest): AuthenticationOutcome | undefined {
    if (connect.properties?.authenticationMethod !== 'QUIZ') return undefined;
    return this.next(clientId, 0);
  }

  continueAuthentication(
    { clientId }: ConnectRequest,
    packet: AuthPacket,
  ): AuthenticationOutcome | undefined {
    if (packet.reasonCode === ReasonCode.reAuthenticate) return this.next(clientId, 0);
    const asked = this.asked.get(clientId) ?? 0;
    if (text(packet.properties?.authenticationData) !== `${asked}`) {
      return { kind: 'refuse', reasonCode: ReasonCode.notAuthorized, rule: 'wrong answer' };
    }
    return this.next(clientId, asked);
  }

  private next(clientId: string, answered: number): AuthenticationOutcome {
    if (answered === this.questions) {
      return { kind: 'accept', username: 'solver', authenticationData: bytes('well done') };
    }
    this.asked.set(clientId, answered + 1);
    return { kind: 'continue', authenticationData: bytes(`question ${answered + 1}`) };
  }
}

function sendConnect(broker: TestBroker, authenticationMethod = 'QUIZ'): TestClient {
  const client = broker.open();
  client.sendConnect({ clientId: 'c', properties: { authenticationMethod } });
  return client;
}

function answer(
  client: TestClient,
  data: string,
  authenticationMethod = 'QUIZ',
  reasonCode: ReasonCode = ReasonCode.continueAuthentication,
): void {
  const properties = { authenticationMethod, authenticationData: bytes(data) };
  client.send({ type: PacketType.auth, reasonCode, properties });
}

/** Answers `count` questions rightly. */
function solve(client: TestClient, count: number): void {
  for (let i = 1; i <= count; i++) {
    const auth = client.take(PacketType.auth);
    assert.equal(text(auth.properties?.authenticationData), `question ${i}`);
    answer(client, `${i}`);
  }
}

describe('enhanced authentication', () => {
  test('[MQTT-4.12.0-2] [MQTT-4.12.0-5] [MQTT-3.15.2-1] goes through AUTH 0x18 with the method of CONNECT, to CONNACK', () => {
    const facts = new FactRecorder();
    const broker = new TestBroker({ plugins: [new Quiz(3), facts] });
    const client = sendConnect(broker);
    for (let i = 1; i <= 3; i++) {
      const auth = client.take(PacketType.auth);
      assert.equal(auth.reasonCode, ReasonCode.continueAuthentication);
      assert.equal(auth.properties?.authenticationMethod, 'QUIZ');
      assert.equal(text(auth.properties?.authenticationData), `question ${i}`);
      assert.deepEqual(client.inbox, []);
      answer(client, `${i}`);
    }
    const connack = client.take(PacketType.connack);
    assert.equal(connack.reasonCode, ReasonCode.success);
    assert.equal(connack.properties?.authenticationMethod, 'QUIZ');
    assert.equal(text(connack.properties?.authenticationData), 'well done');
    assert.equal(facts.connects[0]?.username, 'solver');
    client.ping();
  });

  test('[MQTT-4.12.0-1] with a method that nobody knows is refused by CONNACK 0x8C', () => {
    for (const plugins of [[], [new Quiz(1)]]) {
      const client = sendConnect(new TestBroker({ plugins }), 'SCRAM-SHA-256');
      const connack = client.take(PacketType.connack);
      assert.equal(connack.reasonCode, ReasonCode.badAuthenticationMethod);
      assert.equal(client.state, 'ended');
    }
  });

  test('[MQTT-4.12.0-4] that fails is refused by CONNACK with its code, then the connection is closed', () => {
    const broker = new TestBroker({ plugins: [new Quiz(2)] });
    const client = sendConnect(broker);
    client.take(PacketType.auth);
    answer(client, 'wrong');
    assert.equal(client.take(PacketType.connack).reasonCode, ReasonCode.notAuthorized);
    assert.equal(client.state, 'ended');
    assert.equal(broker.broker.gauges().sessions, 0);
  });

  test('[MQTT-4.12.0-3] goes on with AUTH 0x18 only: 0x19 before CONNACK is a Protocol Error', () => {
    const client = sendConnect(new TestBroker({ plugins: [new Quiz(2)] }));
    client.take(PacketType.auth);
    answer(client, '1', 'QUIZ', ReasonCode.reAuthenticate);
    assert.equal(client.take(PacketType.connack).reasonCode, ReasonCode.protocolError);
    assert.equal(client.state, 'ended');
  });

  test('[MQTT-4.12.0-5] with another method in AUTH is a Protocol Error', () => {
    const client = sendConnect(new TestBroker({ plugins: [new Quiz(2)] }));
    client.take(PacketType.auth);
    answer(client, '1', 'OTHER');
    assert.equal(client.take(PacketType.connack).reasonCode, ReasonCode.protocolError);
    assert.equal(client.state, 'ended');
  });

  test('[MQTT-3.1.2-30] lets the client send nothing but AUTH and DISCONNECT before CONNACK', () => {
    for (const act of [
      (client: TestClient) => client.publish('a'),
      (client: TestClient) => client.send({ type: PacketType.pingreq }),
      (client: TestClient) => client.sendConnect({ clientId: 'c' }),
    ]) {
      const broker = new TestBroker({ plugins: [new Quiz(1)] });
      const watcher = broker.open();
      watcher.sendConnect({ clientId: 'w', properties: { authenticationMethod: 'QUIZ' } });
      solve(watcher, 1);
      watcher.take(PacketType.connack);
      watcher.subscribe('#');
      const client = sendConnect(broker);
      client.take(PacketType.auth);
      act(client);
      assert.equal(client.take(PacketType.connack).reasonCode, ReasonCode.protocolError);
      assert.equal(client.state, 'ended');
      assert.deepEqual(watcher.takePublishes(), []);
    }
    const leaving = sendConnect(new TestBroker({ plugins: [new Quiz(1)] }));
    leaving.take(PacketType.auth);
    leaving.disconnect();
    assert.deepEqual(leaving.inbox, []);
    assert.equal(leaving.state, 'ended');
  });

  test('works with a hook that takes its time; what comes meanwhile waits', async () => {
    const broker = new TestBroker({
      plugins: [
        {
          name: 'slow',
          authenticate: async () => ({ kind: 'continue', authenticationData: bytes('?') }),
          continueAuthentication: async () => ({ kind: 'accept', username: 'u' }),
        },
      ],
    });
    const client = sendConnect(broker);
    assert.equal(client.isPaused, true);
    await broker.settle();
    client.take(PacketType.auth);
    answer(client, '!');
    await broker.settle();
    assert.equal(client.take(PacketType.connack).reasonCode, ReasonCode.success);
  });

  test('[MQTT-4.12.0-6] is not begun by the broker: without a method in CONNECT no AUTH and no method comes', () => {
    const broker = new TestBroker({
      plugins: [
        {
          name: 'plain',
          authenticate: () => ({ kind: 'accept', username: 'u' }),
          continueAuthentication: () => ({ kind: 'accept', username: 'u' }),
        },
      ],
    });
    const client = broker.open();
    const connack = client.connect({ clientId: 'c', username: 'u' });
    assert.equal(connack.properties?.authenticationMethod, undefined);
    assert.deepEqual(client.inbox, []);
  });

  test('[MQTT-4.12.0-7] an AUTH of a client that named no method in CONNECT is a Protocol Error', () => {
    for (const reasonCode of [ReasonCode.reAuthenticate, ReasonCode.continueAuthentication]) {
      const client = connected(new TestBroker(), { clientId: 'c' });
      answer(client, '', 'QUIZ', reasonCode);
      assertClosed(client, ReasonCode.protocolError);
    }
  });

  forV3('does not exist in 3.x: a packet of the type 15 is malformed', (version) => {
    const client = connected(new TestBroker(), { clientId: 'c', protocolVersion: version });
    client.sendBytes(Uint8Array.of(0xf0, 0));
    assertClosed(client, ReasonCode.malformedPacket);
  });
});

describe('re-authentication', () => {
  function authenticated(questions: number): { broker: TestBroker; client: TestClient } {
    const broker = new TestBroker({ plugins: [new Quiz(questions)] });
    const client = sendConnect(broker);
    solve(client, questions);
    client.take(PacketType.connack);
    return { broker, client };
  }

  test('goes through AUTH 0x18 to AUTH 0x00, while everything else goes on', () => {
    const { client } = authenticated(2);
    client.subscribe('a');
    for (let i = 0; i < 2; i++) {
      answer(client, '', 'QUIZ', ReasonCode.reAuthenticate);
      client.publish('a', 'x');
      assert.deepEqual(client.takeTexts(), ['a x']);
      client.ping();
      solve(client, 2);
      const auth = client.take(PacketType.auth);
      assert.equal(auth.reasonCode, ReasonCode.success);
      assert.equal(auth.properties?.authenticationMethod, 'QUIZ');
      assert.equal(text(auth.properties?.authenticationData), 'well done');
    }
  });

  test('[MQTT-4.12.1-1] with another method is a Protocol Error', () => {
    const { client } = authenticated(1);
    answer(client, '', 'OTHER', ReasonCode.reAuthenticate);
    assertClosed(client, ReasonCode.protocolError);
  });

  test('[MQTT-4.12.1-2] that fails ends the connection, with DISCONNECT', () => {
    const { broker, client } = authenticated(1);
    answer(client, '', 'QUIZ', ReasonCode.reAuthenticate);
    client.take(PacketType.auth);
    answer(client, 'wrong');
    assertClosed(client, ReasonCode.notAuthorized);
    assert.equal(broker.broker.gauges().clientsConnected, 0);
  });

  test('[MQTT-3.14.2-1] that fails over a password is told as 0x87: DISCONNECT has no 0x86', () => {
    const broker = new TestBroker({
      plugins: [
        {
          name: 'password',
          authenticate: () => ({ kind: 'accept', username: 'u' }),
          continueAuthentication: () => ({
            kind: 'refuse',
            reasonCode: ReasonCode.badUserNameOrPassword,
            rule: 'password',
          }),
        },
      ],
    });
    const client = connected(broker, { clientId: 'c', properties: { authenticationMethod: 'M' } });
    answer(client, '', 'M', ReasonCode.reAuthenticate);
    assertClosed(client, ReasonCode.notAuthorized);
  });

  test('out of turn is a Protocol Error: 0x18 before 0x19, and 0x19 twice', () => {
    const first = authenticated(1).client;
    answer(first, '1');
    assertClosed(first, ReasonCode.protocolError);
    const second = authenticated(1).client;
    answer(second, '', 'QUIZ', ReasonCode.reAuthenticate);
    answer(second, '', 'QUIZ', ReasonCode.reAuthenticate);
    assertClosed(second, ReasonCode.protocolError);
  });

  test('may change the verified user name, which later decisions see', () => {
    const names: (string | undefined)[] = [];
    let username = 'first';
    const broker = new TestBroker({
      plugins: [
        {
          name: 'names',
          authenticate: () => ({ kind: 'accept', username }),
          continueAuthentication: () => ({ kind: 'accept', username }),
          authorizePublish: ({ client }) => {
            names.push(client.username);
            return { allow: true };
          },
        },
      ],
    });
    const client = connected(broker, { clientId: 'c', properties: { authenticationMethod: 'M' } });
    client.publish('a');
    username = 'second';
    answer(client, '', 'M', ReasonCode.reAuthenticate);
    client.publish('a');
    assert.deepEqual(names, ['first', 'second']);
  });
});
