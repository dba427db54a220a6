import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import dotenv from 'dotenv';
import { z } from 'zod';
import { flags } from './flags.ts';
import { generatedFiles } from './generated-files.ts';
import { jsonSchema } from './json-schema.ts';
import { load } from './loading.test-kit.ts';
import { serialPortSettings, settings } from './settings.ts';
import { aliases, variables } from './variables.ts';

const root = join(import.meta.dirname, '..', '..');
const textOf = (name: string): string =>
  generatedFiles().find(({ path }) => path.endsWith(name))?.text ?? '';

for (const { path, text } of generatedFiles()) {
  test(`${path} is current`, () => {
    const present = readFileSync(join(root, path), 'utf8');
    assert.ok(present === text, `${path} is not what the schema says: npm run generate`);
  });
}

test('env.example sets nothing when it is copied', () => {
  const text = textOf('env.example');
  for (const line of text.split('\n')) assert.match(line, /^(#|$)/);
  assert.deepEqual(dotenv.parse(text), {});
});

test('env.example names every variable, and with all its comments taken away says the defaults', () => {
  const text = textOf('env.example');
  const lines = text.split('\n').flatMap((line) => {
    const match = /^# ([A-Z0-9_]+=.*)$/.exec(line);
    return match?.[1] === undefined ? [] : [match[1]];
  });
  const names = lines.map((line) => line.split('=', 1)[0]);
  const expected = variables.flatMap(({ name, isSecret }) =>
    isSecret ? [name, `${name}_FILE`] : [name],
  );
  const all = ['BROKER_CONFIG', ...expected, ...aliases.map(({ name }) => name)];
  assert.deepEqual(names.toSorted(), all.toSorted());
  const dotEnv = lines.join('\n');
  assert.deepEqual(load({ dotEnv, strict: true }).config, load().config);
});

test('every setting is described, in the reference and by its schema', () => {
  const page = textOf('configuration.md');
  for (const { path, meta } of [...settings, ...serialPortSettings]) {
    if (path === 'listeners' || path === 'serial.ports') continue;
    assert.ok(meta.description, `${path} has no description`);
    assert.ok(
      page.includes(`\`${path.replace('ports[0]', 'ports[]')}\``) || page.includes(`## ${path}\n`),
      `${path} is not in the reference`,
    );
  }
  for (const { name } of [...variables, ...aliases, ...flags]) {
    assert.ok(page.includes(name), `${name} is not in the reference`);
  }
});

test('the variables follow their paths, save those that the seeds named', () => {
  const irregular = variables.filter(({ name, path }) => {
    const regular = `BROKER_${path.replace('ports[0].', '').replaceAll('.', '_').toUpperCase()}`;
    return name !== regular;
  });
  assert.deepEqual(
    irregular.map(({ name }) => name),
    [
      'BROKER_ENABLE_TLS',
      'BROKER_ENABLE_AUTH',
      'BROKER_ALLOW_ANONYMOUS',
      'BROKER_USERNAME',
      'BROKER_PASSWORD',
      'BROKER_MAX_MESSAGE_SIZE',
      'BROKER_MAX_INFLIGHT_MESSAGES',
      'BROKER_MAX_QUEUED_MESSAGES',
      'BROKER_ENABLE_ROS_INTEGRATION',
      'BROKER_ROS_DOMAIN_PREFIX',
      'BROKER_LOG_MESSAGES',
      'BROKER_SERIAL_PORT',
    ],
  );
  assert.equal(new Set(variables.map(({ name }) => name)).size, variables.length);
});

test('the schema for editors accepts what is right and refuses what is wrong', () => {
  const schema = z.fromJSONSchema(jsonSchema());
  const right = [
    {},
    { mqtt: { port: 1884 }, log_messages: 'seed' },
    { mqtt: { port: `\${PORT}` }, log: { level: `\${LEVEL}` } },
    { listeners: { default: { type: 'tcp', bind: '0.0.0.0:1883', max_connections: 10 } } },
    { listeners: { tls: { bind: ':8883', ssl: true, certfile: 'a', keyfile: 'b' } } },
    { sys_interval: '10s', limits: { max_message_size: '1MB', max_queued: 0 } },
    { auth: { allow_anonymous: 'private' }, dashboard: { enabled: false } },
    { serial: { ports: [{ path: '/dev/ttyUSB0', baud: 9600 }] } },
  ];
  for (const value of right) {
    assert.ok(schema.safeParse(value).success, JSON.stringify(value));
  }
  const wrong = [
    { mqtt: { prot: 1884 } },
    { mqtt: { port: 70_000 } },
    { log: { level: 'loud' } },
    { serial: { ports: [{ bauds: 1 }] } },
  ];
  for (const value of wrong) {
    assert.ok(!schema.safeParse(value).success, JSON.stringify(value));
  }
  const words = JSON.stringify(jsonSchema());
  assert.doesNotMatch(words, /"(variable|whenReached|secret|expected|defaultText)":/);
});
