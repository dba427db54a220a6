import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { needs } from './brokers.test-kit.ts';
import { isoTime, strftime } from './format-time.ts';

const conversions = [...'aAbBcCdDeFgGhHIjklmMnpPrRsStTuUVwWxXyYz%'];

/** Instants around the edges of years, weeks and daylight saving. */
const instants = [
  '2026-01-01T00:00:00Z',
  '2024-12-30T23:59:59Z',
  '2021-01-03T12:00:00Z',
  '2020-12-31T13:05:09Z',
  '2026-03-29T00:59:59Z',
  '2026-03-29T01:00:00Z',
  '2026-07-04T23:30:00Z',
  '2000-02-29T06:07:08Z',
  '1999-12-31T23:00:00Z',
];

for (const zone of ['UTC', 'Europe/Berlin', 'America/St_Johns', 'Asia/Kathmandu']) {
  const skip = process.platform === 'linux' ? needs('date', 'coreutils') : 'needs GNU date';
  test(`strftime agrees with date(1) in ${zone}`, { skip }, (t) => {
    const before = process.env['TZ'];
    process.env['TZ'] = zone;
    t.after(() => {
      if (before === undefined) delete process.env['TZ'];
      else process.env['TZ'] = before;
    });
    const env = { TZ: zone, LC_ALL: 'C' };
    for (const instant of instants) {
      const format = conversions.map((conversion) => `%${conversion}`).join('|');
      const expected = execFileSync('date', ['-d', instant, `+${format}`], { env }).toString();
      const time = new Date(instant);
      const actual = conversions.map((conversion) => strftime(conversion, time)).join('|');
      assert.equal(`${actual}\n`, expected, instant);
    }
  });
}

test('an ISO time has its fraction before the offset', (t) => {
  const before = process.env['TZ'];
  process.env['TZ'] = 'UTC';
  t.after(() => {
    if (before === undefined) delete process.env['TZ'];
    else process.env['TZ'] = before;
  });
  const time = new Date('2026-05-06T21:48:00Z');
  assert.equal(isoTime(time), '2026-05-06T21:48:00+0000');
  assert.equal(isoTime(time, '.5'), '2026-05-06T21:48:00.5+0000');
  assert.equal(strftime('Z', time), 'UTC');
});

test('a conversion that does not exist is printed as it is', () => {
  assert.equal(strftime('Q', new Date()), '%Q');
});
