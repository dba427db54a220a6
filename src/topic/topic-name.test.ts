import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkTopicName } from './topic-name.ts';

const MOST = 200;

describe('checkTopicName', () => {
  test('[MQTT-4.7.3-1] [MQTT3-4.7.3-1] a Topic Name has at least one character', () => {
    assert.match(checkTopicName('', MOST) ?? '', /at least one character/);
    assert.equal(checkTopicName('a', MOST), undefined);
    assert.equal(checkTopicName(' ', MOST), undefined);
  });

  test('[MQTT-4.7.3-2] [MQTT3-4.7.3-2] a Topic Name does not contain U+0000', () => {
    for (const topicName of ['\0', 'a\0b', 'a/\0', 'a/b\0']) {
      assert.match(checkTopicName(topicName, MOST) ?? '', /U\+0000/, JSON.stringify(topicName));
    }
  });

  test('[MQTT-3.3.2-2] [MQTT-4.7.0-1] [MQTT3-3.3.2-2] [MQTT3-4.7.1-1] a Topic Name does not contain wildcard characters', () => {
    for (const topicName of ['#', 'a/#', 'a#', '#a/b']) {
      assert.match(checkTopicName(topicName, MOST) ?? '', /'#'/, topicName);
    }
    for (const topicName of ['+', 'a/+', 'a/+/b', 'a+b']) {
      assert.match(checkTopicName(topicName, MOST) ?? '', /'\+'/, topicName);
    }
  });

  test('empty levels, spaces, `$` and any other character are allowed', () => {
    for (const topicName of [
      '/',
      '//',
      '/finance',
      'ACCOUNTS',
      'Accounts payable',
      '$SYS/a',
      '温度/😀',
    ]) {
      assert.equal(checkTopicName(topicName, MOST), undefined, topicName);
    }
  });

  test('every level counts, empty ones too, and one more than allowed is refused', () => {
    assert.equal(checkTopicName('a/b/c', 3), undefined);
    assert.equal(checkTopicName('//', 3), undefined);
    assert.match(checkTopicName('a/b/c/d', 3) ?? '', /4 levels, at most 3/);
    assert.match(checkTopicName('/'.repeat(65_535), MOST) ?? '', /65536 levels/);
  });
});
