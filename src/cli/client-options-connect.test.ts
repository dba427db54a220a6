import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { getServers, setServers } from 'node:dns';
import { once } from 'node:events';
import { test } from 'node:test';
import { connectOptions } from './client-options-connect.ts';
import { defaultSettings } from './client-options-settings.ts';

/** A name as DNS writes it: each label behind its length. */
function dnsName(name: string): Buffer {
  const labels = name.split('.').map((label) => [label.length, ...Buffer.from(label)]);
  return Buffer.from([...labels.flat(), 0]);
}

function srvRecord(priority: number, weight: number, port: number, target: string): Buffer {
  const name = dnsName(target);
  const record = Buffer.alloc(18);
  record.writeUInt16BE(0xc00c, 0); // the name in question
  record.writeUInt16BE(33, 2); // SRV
  record.writeUInt16BE(1, 4); // Internet
  record.writeUInt16BE(6 + name.length, 10);
  record.writeUInt16BE(priority, 12);
  record.writeUInt16BE(weight, 14);
  record.writeUInt16BE(port, 16);
  return Buffer.concat([record, name]);
}

test('-S asks DNS for the service and takes the record of lowest priority', async (t) => {
  const questions: string[] = [];
  const records = [
    srvRecord(20, 90, 1, 'second.example'),
    srvRecord(10, 1, 2, 'light.example'),
    srvRecord(10, 5, 3, 'first.example'),
  ];
  const server = createSocket('udp4', (query, { port, address }) => {
    questions.push(query.subarray(13, query.indexOf(0, 13)).toString('latin1'));
    const end = query.indexOf(0, 12) + 5;
    const header = Buffer.from(query.subarray(0, 12));
    header.writeUInt16BE(0x8180, 2);
    header.writeUInt16BE(records.length, 6);
    header.writeUInt16BE(0, 8);
    header.writeUInt16BE(0, 10);
    server.send(Buffer.concat([header, query.subarray(12, end), ...records]), port, address);
  });
  server.bind(0, '127.0.0.1');
  await once(server, 'listening');
  const before = getServers();
  setServers([`127.0.0.1:${server.address().port}`]);
  t.after(() => {
    setServers(before);
    server.close();
  });
  const settings = defaultSettings('sub');
  settings.host = 'example';
  settings.useSrv = true;
  assert.equal((await connectOptions(settings)).url, 'mqtt://first.example:3');
  assert.equal(questions[0], '_mqtt\x04_tcp\x07example');
});
