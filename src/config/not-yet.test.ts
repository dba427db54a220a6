import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load, refusal, refusalLines } from './loading.test-kit.ts';

test('what a later version makes work is refused with a clear text until then', () => {
  const later: readonly (readonly [yaml: string, path: string])[] = [
    ['auth: { password_file: users }', 'auth.password_file'],
    ['acl: { file: acl.conf, subscribe: strict }', 'acl'],
    ['topic_check: { enabled: true }', 'topic_check.enabled'],
    ['plugins: [auth_anonymous]', 'plugins[0]'],
    ['dashboard: { port: 18830 }', 'dashboard'],
    ['dashboard: { enabled: true }', 'dashboard'],
    ['bridges: [{ url: mqtt://x }]', 'bridges'],
    ['ros: { isolation: strict }', 'ros.isolation'],
  ];
  for (const [yaml, path] of later) {
    const { issues } = refusal({ yaml });
    assert.deepEqual(
      issues.map((issue) => [issue.code, issue.path, issue.problem, issue.origin?.line]),
      [['not-available', path, 'not available yet in this version', 1]],
      yaml,
    );
  }
  assert.deepEqual(refusalLines({ dotEnv: 'BROKER_DASHBOARD_PORT=18830' }), [
    'error  BROKER_DASHBOARD_PORT (.env:1) — not available yet in this version',
  ]);
});

test('what asks for nothing is accepted: the defaults of the seeds, and things switched off', () => {
  const yaml = `
topic-check: { enabled: false, plugins: [topic_taboo] }
plugins: []
persistence: { mode: none }
ros: { enabled: true, prefix: ros/, isolation: off }
dashboard: { enabled: false }
acl:
`;
  const { config, warnings } = load({ yaml });
  assert.deepEqual(config.topicCheck, { enabled: false, plugins: ['topic_taboo'] });
  assert.deepEqual(config.ros, { enabled: true, prefix: 'ros/' });
  assert.equal(config.persistence.mode, 'none');
  assert.deepEqual(warnings, []);
});

test('a value that no version knows is wrong, not late', () => {
  assert.deepEqual(refusalLines({ yaml: 'persistence: { mode: paper }' }), [
    'error  persistence.mode "paper" (linnet.yaml:1:22) — expected none | os | disk',
  ]);
});
