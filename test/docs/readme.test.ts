/** What the README tells to type is typed, and what it shows is what is seen. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { helpOf } from '../../scripts/command-line-page.ts';
import { renderBanner } from '../../src/cli/banner.ts';
import { commands } from '../../src/cli/commands.ts';
import { loadConfig } from '../../src/config/index.ts';
import { version } from '../../src/version.ts';
import type { CodeBlock } from './code-blocks.ts';
import { documents, readDocument, root } from './documents.ts';
import { linnetArguments, type ShellCommand, shellCommands } from './shell-commands.ts';

const readme = readDocument('README.md');
const program = join(root, 'src', 'cli', 'main.ts');
const run = promisify(execFile);

/** What the shell commands of the documents start; `sensor-program` stands for the reader's own. */
const programs = new Set(['npm', 'npx', 'linnet', 'openssl', 'sqlite3', 'sensor-program']);

test('every npm command in the documents exists, with the flags it is given', async () => {
  const { scripts } = await import('../../package.json', { with: { type: 'json' } }).then(
    (module) => module.default,
  );
  for (const { path, blocks } of documents) {
    for (const { words, ...rest } of blocks
      .filter(isShell)
      .flatMap(({ text }) => shellCommands(text))) {
      const where = `${path}: ${words.join(' ')}`;
      const [first, second = '', third = ''] = words;
      assert.ok(programs.has(first ?? ''), where);
      if (first === 'npm') assert.ok(isNpmCommand(second, third, Object.keys(scripts)), where);
      const given = linnetArguments({ words, ...rest });
      if (given !== undefined) await checkArguments(given, where);
    }
  }
});

function isShell({ language }: CodeBlock): boolean {
  return language === 'sh';
}

function isNpmCommand(word: string, name: string, scripts: readonly string[]): boolean {
  if (word === 'run') return scripts.includes(name);
  return word === 'ci' || scripts.includes(word);
}

async function checkArguments(given: readonly string[], where: string): Promise<void> {
  const [name = '', ...rest] = given;
  assert.ok(name in commands, `${where}: no such command`);
  const isGroup = ['serial', 'config', 'bench', 'store'].includes(name);
  const help = await helpOf(isGroup ? [name, rest[0] ?? ''] : [name]);
  const known = new Set(help.match(/(?<=\s)--?[A-Za-z][\w-]*/g));
  for (const word of rest.filter((text) => text.startsWith('-'))) {
    assert.ok(known.has(word), `${where}: no flag ${word}`);
  }
}

test('the banner in the README is what the program prints', (t) => {
  const cwd = folder(t);
  const loaded = loadConfig({ environment: {}, cwd });
  const urls = new Map([
    ['mqtt', ['mqtt://192.168.1.20:1883', 'mqtt://localhost:1883']],
    ['websocket', ['ws://192.168.1.20:9001/mqtt', 'ws://localhost:9001/mqtt']],
  ]);
  const listeners = loaded.config.listeners.map((options) => ({
    name: options.name,
    options,
    address: options.address,
    urls: urls.get(options.name) ?? [],
    connections: 0,
    reloadTls: async () => undefined,
    stopAccepting: async () => undefined,
    close: async () => undefined,
  }));
  const banner = renderBanner({ version, startMs: 212, loaded, listeners, hasColors: false, cwd });
  const shown = readme.blocks.find(({ language }) => language === 'text');
  assert.equal(shown?.text, banner.replace(/^\n/, '').replace(/\n\n$/, '\n'));
});

test('the first 60 seconds: what the third terminal publishes, the second prints', async (t) => {
  const ports = await startAs(t, section('The first 60 seconds'));
  const [sub, pub] = clients(section('The first 60 seconds'), ports);
  const watching = await subscribe(t, sub ?? []);
  await run(process.execPath, [program, ...(pub ?? [])]);
  assert.equal(await watching.line, 'hello hi');
});

test('with a password: the login of the README is let in, and nobody else', async (t) => {
  const ports = await startAs(t, section('Turn on a password'));
  const [pub = []] = clients(section('Turn on a password'), ports);
  await run(process.execPath, [program, ...pub]);
  const stranger = pub.map((word) => (word === 'secret' ? 'wrong' : word));
  await assert.rejects(run(process.execPath, [program, ...stranger]), { code: 4 });
});

test('with TLS: the certificate of the README is made, used and trusted', {
  skip: !hasOpenssl() && 'needs openssl (apt install openssl)',
}, async (t) => {
  const cwd = folder(t);
  const lines = section('TLS');
  const [, ...openssl] = lines.find(({ words }) => words[0] === 'openssl')?.words ?? [];
  execFileSync('openssl', openssl, { cwd, stdio: 'ignore' });
  const ports = await startAs(t, lines, cwd);
  const [sub = []] = clients(lines, ports);
  const watching = await subscribe(t, sub, cwd);
  await run(process.execPath, [program, 'pub', '-p', ports.mqtt, '-t', 'hello', '-m', 'hi']);
  assert.equal(await watching.line, 'hello hi');
});

test('over WebSocket: the subscriber of the README gets what is published over TCP', async (t) => {
  const ports = await startAs(t, section('The first 60 seconds'));
  const [sub = []] = clients(section('WebSocket'), ports);
  const watching = await subscribe(t, sub);
  await run(process.execPath, [program, 'pub', '-p', ports.mqtt, '-t', 'hello', '-m', 'hi']);
  assert.equal(await watching.line, 'hello hi');
});

test('the commands for settings do what the README says', async (t) => {
  const cwd = folder(t);
  const given = section('Settings').flatMap((line) => linnetArguments(line) ?? []);
  assert.deepEqual(given.join(' '), 'config init config check config show --origin');
  const linnet = (...words: string[]) =>
    run(process.execPath, [program, ...words], { cwd, env: cleanEnvironment({}) });
  await linnet('config', 'init');
  assert.match((await linnet('config', 'check')).stdout, /^ok/);
  assert.match((await linnet('config', 'show', '--origin')).stdout, /1883/);
});

/** The shell commands below a heading of the README. */
function section(title: string): readonly ShellCommand[] {
  const start = readme.text.split('\n').indexOf(`## ${title}`);
  assert.ok(start >= 0, title);
  const next = readme.text
    .split('\n')
    .findIndex((line, index) => index > start && /^## /.test(line));
  return readme.blocks
    .filter(({ line }) => line > start && line < next)
    .filter(isShell)
    .flatMap(({ text }) => shellCommands(text));
}

interface Ports {
  readonly mqtt: string;
  readonly websocket: string;
  readonly tls: string;
}

/** Starts the broker as the section says, on free ports; it is stopped after the test. */
async function startAs(
  t: TestContext,
  lines: readonly ShellCommand[],
  cwd: string = folder(t),
): Promise<Ports> {
  const line = lines.find(({ words }) => words[0] === 'npm' && words[1] === 'start');
  assert.ok(line, 'the section starts no broker');
  const words = linnetArguments(line) ?? [];
  const free = ['--mqtt-port', '0', '--ws-port', '0'];
  if (words.includes('--enable-tls')) free.push('--tls-port', '0');
  const child = spawn(process.execPath, [program, ...words, ...free], {
    cwd,
    env: cleanEnvironment({ ...line.environment, BROKER_LOG_FORMAT: 'json' }),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  stopAfter(t, child);
  const ports = new Map<string, string>();
  for await (const text of createInterface({ input: child.stderr })) {
    const { event, listener, address } = JSON.parse(text);
    if (event === 'listener.opened') ports.set(listener, address.split(':').at(-1));
    if (event === 'broker.ready') break;
  }
  child.stderr.resume();
  const portOf = (name: string): string => ports.get(name) ?? '';
  return { mqtt: portOf('mqtt'), websocket: portOf('websocket'), tls: portOf('tls') };
}

/** The clients of the section, with the ports of the running broker. */
function clients(lines: readonly ShellCommand[], ports: Ports): string[][] {
  const byDefault = new Map([
    ['1883', ports.mqtt],
    ['8883', ports.tls],
    ['9001', ports.websocket],
  ]);
  return lines
    .map((line) => linnetArguments(line) ?? [])
    .filter(([name]) => name === 'pub' || name === 'sub')
    .map((words) => {
      const named = words.map((word) => byDefault.get(word) ?? word);
      return words.includes('-p') ? named : [...named, '-p', ports.mqtt];
    });
}

/** Starts a subscriber; answers when its subscription is acknowledged. */
async function subscribe(
  t: TestContext,
  words: readonly string[],
  cwd?: string,
): Promise<{ readonly line: Promise<string> }> {
  const child = spawn(process.execPath, [program, ...words, '-C', '1', '-d'], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  stopAfter(t, child);
  const line = once(createInterface({ input: child.stdout }), 'line').then(([text]) => text);
  for await (const text of createInterface({ input: child.stderr })) {
    if (text.includes('SUBACK')) break;
  }
  child.stderr.resume();
  return { line };
}

function stopAfter(t: TestContext, child: ChildProcess): void {
  const ended = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGTERM');
    await ended;
  });
}

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'linnet-readme-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Without settings of the machine that the tests run on. */
function cleanEnvironment(more: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !/^(BROKER|MQTT)_/.test(name));
  return { ...Object.fromEntries(own), ...more };
}

function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
