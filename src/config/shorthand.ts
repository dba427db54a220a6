/**
 * What a short or older form means, written out before the schema sees it: `log_messages: seed`; `ssl: true` of a listener; a listener that takes its certificate from `tls:`; serial
 * ports that switch `serial` on; `allow_anonymous: false` that switches authentication on.
 */
import { booleanWord } from './coerce.ts';
import { type ConfigIssue, issue } from './config-error.ts';
import { emptyMap, putRaw, type Raw, type RawMap, type RawScalar, rawAt } from './raw.ts';

/** Changes `root`, which holds all sources laid over each other. Contradictions go to `issues`. */
export function expandShorthand(root: RawMap, issues: ConfigIssue[]): void {
  expandListeners(root, issues);
  const ports = rawAt(root, ['serial', 'ports']);
  const isOn = ports?.kind === 'list' && ports.items.length > 0;
  if (isOn && rawAt(root, ['serial', 'enabled']) === undefined) {
    const first = ports.items[0];
    const origin = rawAt(first, ['path'])?.origin ?? first?.origin ?? ports.origin;
    putRaw(root, ['serial', 'enabled'], { kind: 'scalar', value: true, written: 'true', origin });
  }
  const anonymous = rawAt(root, ['auth', 'allow_anonymous']);
  const isRefused = anonymous?.kind === 'scalar' && booleanWord(anonymous.value) === false;
  if (isRefused && rawAt(root, ['auth', 'enabled']) === undefined) {
    const on: RawScalar = { ...anonymous, value: true, written: 'true' };
    putRaw(root, ['auth', 'enabled'], on);
  }
}

/** `log_messages: seed` stands for `log_messages: { format: seed }`. */
export function expandScalars(root: RawMap): void {
  const node = rawAt(root, ['log_messages']);
  if (node?.kind !== 'scalar') return;
  const format =
    booleanWord(node.value) === true ? { ...node, value: 'seed', written: 'seed' } : node;
  root.entries.set('log_messages', {
    keyOrigin: node.origin,
    node: { ...emptyMap(node.origin), entries: new Map([['format', entryOf(format)]]) },
  });
}

const entryOf = (node: Raw): { keyOrigin: Raw['origin']; node: Raw } => ({
  keyOrigin: node.origin,
  node,
});

const encryptedTypes = new Map([
  ['tcp', 'tls'],
  ['ws', 'wss'],
]);

function expandListeners(root: RawMap, issues: ConfigIssue[]): void {
  const listeners = rawAt(root, ['listeners']);
  if (listeners?.kind !== 'map') return;
  for (const [name, { node }] of listeners.entries) {
    if (node.kind !== 'map') continue;
    expandSsl(node, name, issues);
    const type = rawAt(node, ['type']);
    if (type?.kind !== 'scalar' || !['tls', 'wss'].includes(String(type.value))) continue;
    for (const key of ['cert_file', 'key_file']) {
      const shared = rawAt(root, ['tls', key]);
      if (!node.entries.has(key) && shared !== undefined) node.entries.set(key, entryOf(shared));
    }
  }
}

/** `ssl: true` beside (or without) a type, as the seeds write TLS; without either a listener is tcp. */
function expandSsl(listener: RawMap, name: string, issues: ConfigIssue[]): void {
  const ssl = listener.entries.get('ssl')?.node;
  const type = rawAt(listener, ['type']);
  const wanted = ssl?.kind === 'scalar' ? booleanWord(ssl.value) : undefined;
  const plain = type?.kind === 'scalar' ? String(type.value).toLowerCase() : 'tcp';
  if (ssl !== undefined && wanted === undefined) {
    const problem = 'expected true | false';
    const path = `listeners.${name}.ssl`;
    issues.push(issue({ code: 'invalid-value', path, origin: ssl.origin, problem }));
  }
  const isEncrypted = plain === 'tls' || plain === 'wss';
  if (ssl !== undefined && (wanted === true ? plain === 'unix' : wanted === false && isEncrypted)) {
    const path = `listeners.${name}.ssl`;
    const problem = `ssl: ${wanted} contradicts type: ${plain}; leave ssl out`;
    issues.push(issue({ code: 'conflict', path, origin: ssl.origin, problem }));
  }
  listener.entries.delete('ssl');
  const resolved = wanted === true ? (encryptedTypes.get(plain) ?? plain) : plain;
  if (type === undefined || resolved !== plain) {
    const origin = ssl?.origin ?? listener.origin;
    const node: RawScalar = { kind: 'scalar', value: resolved, written: resolved, origin };
    listener.entries.set('type', entryOf(node));
  }
}
