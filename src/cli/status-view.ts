import type { ServerStatus } from '../server.ts';

/** One screen for a person. */
export function renderStatus(status: ServerStatus): string {
  const { statistics } = status;
  const { session, topics, messages } = statistics;
  const rows: [string, string][] = [
    ['linnet', `${status.version}   pid ${status.pid}   up ${duration(status.uptimeMs)}`],
    ...status.listeners.map((listener): [string, string] => [
      listener.name,
      `${listener.urls[0] ?? listener.type}   ${counted(listener.connections, 'connection')}`,
    ]),
    [
      'clients',
      `${session.connected_clients} connected, ${session.total_clients} sessions, ${counted(session.total_subscriptions, 'subscription')}`,
    ],
    [
      'messages',
      `${messages.received} received, ${messages.sent} sent, ${messages.dropped} dropped`,
    ],
    [
      'waiting',
      `${session.queued_messages} queued, ${session.inflight_messages} in flight, ${topics.total_retained_messages} retained`,
    ],
    ['history', historyText(status.history)],
    ...Object.entries(status.sql).map(([table, sql]): [string, string] => [
      `sql`,
      `${table} in ${sql.file}${sql.isWorking ? '' : ', NOT WRITABLE NOW'}${sql.dropped === 0 ? '' : `, ${sql.dropped} rows dropped`}`,
    ]),
  ];
  return rows.map(([label, text]) => `${label.padEnd(12)}${text}\n`).join('');
}

function historyText(history: ServerStatus['history']): string {
  const { memoryMessages, messages, bytes = 0, dropped = 0, isWorking = true } = history;
  const recent = `${memoryMessages} recent in memory`;
  if (messages === undefined) return recent;
  const problem = isWorking ? '' : ', NOT WRITABLE NOW';
  const lost = dropped === 0 ? '' : `, ${dropped} left out`;
  return `${recent}, ${messages} on the disk in ${(bytes / 1e6).toFixed(1)} MB${problem}${lost}`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function duration(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ];
  const shown = parts.filter(([value]) => value > 0).slice(0, 2);
  return shown.length === 0 ? '0 s' : shown.map(([value, unit]) => `${value} ${unit}`).join(' ');
}
