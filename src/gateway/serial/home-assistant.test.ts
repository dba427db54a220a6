import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  HandClock,
  PuppetDriver,
  RecordingHost,
  serialOptions,
} from './recording-host.test-kit.ts';
import { startSerialGateway } from './serial-gateway.ts';

const line =
  '{"sensor_id":"A0:B1","temperature":25.5,"env":{"humidity":45},"text":"ok","door":true}\n';

test('each sensor and field is announced once, retained, and again when Home Assistant comes up', async (t) => {
  const clock = new HandClock();
  const driver = new PuppetDriver(() => host.happened());
  const chooseDriver = async () => ({ driver, fallbackReason: undefined });
  const host: RecordingHost = Object.assign(new RecordingHost(), { clock, chooseDriver });
  const options = serialOptions({
    name: 'esp32-a',
    path: 'tcp://h:1',
    homeassistant: { enabled: true },
  });
  const gateway = startSerialGateway(options, host);
  t.after(() => gateway.stop());
  clock.advance(0);
  await host.untilState('esp32-a', 'open');
  driver.last.say(line);
  driver.last.say(line);
  const announced = (): typeof host.messages =>
    host.messages.filter(({ topicName }) => topicName.startsWith('homeassistant/'));
  assert.deepEqual(
    announced().map(({ topicName, retain }) => [topicName, retain]),
    ['temperature', 'env_humidity', 'text', 'door'].map((field) => [
      `homeassistant/sensor/A0_B1_${field}/config`,
      true,
    ]),
  );
  assert.deepEqual(JSON.parse(announced()[1]?.payload ?? ''), {
    name: 'env humidity',
    unique_id: 'linnet_esp32-a_A0_B1_env_humidity',
    state_topic: 'iot/sensors/fromserial/A0:B1/env/humidity',
    availability_topic: 'linnet/serial/esp32-a/status',
    expire_after: 60,
    device_class: 'humidity',
    unit_of_measurement: '%',
    state_class: 'measurement',
    device: { identifiers: ['linnet_esp32-a_A0:B1'], name: 'A0:B1' },
  });
  assert.equal(JSON.parse(announced()[2]?.payload ?? '').state_class, undefined);
  assert.deepEqual(
    host.messages
      .filter(({ topicName }) => topicName === 'linnet/serial/esp32-a/status')
      .map((m) => m.payload),
    ['offline', 'online'],
  );
  host.deliver('homeassistant/status', 'offline');
  assert.equal(announced().length, 4);
  host.deliver('homeassistant/status', 'online');
  assert.equal(announced().length, 8);
});

test('ids that become equal as object ids are kept apart', async (t) => {
  const clock = new HandClock();
  const driver = new PuppetDriver(() => host.happened());
  const chooseDriver = async () => ({ driver, fallbackReason: undefined });
  const host: RecordingHost = Object.assign(new RecordingHost(), { clock, chooseDriver });
  const gateway = startSerialGateway(
    serialOptions({ name: 'a', path: 'tcp://h:1', homeassistant: { enabled: true, prefix: 'ha' } }),
    host,
  );
  t.after(() => gateway.stop());
  clock.advance(0);
  await host.untilState('a', 'open');
  driver.last.say('{"sensor_id":"A:B","t":1}\n{"sensor_id":"A/B","t":1}\n');
  const topics = host.messages
    .map(({ topicName }) => topicName)
    .filter((name) => name.startsWith('ha/'));
  assert.equal(topics.length, 2);
  assert.equal(topics[0], 'ha/sensor/A_B_t/config');
  assert.match(topics[1] ?? '', /^ha\/sensor\/A_B_t_[0-9a-f]{8}\/config$/);
});
