/** What `linnet serial doctor` found, in words, with lines to paste. */

import type { BaudResult, Examination } from './examine-port.ts';
import { parsePortPath, portNameFromPath } from './port-path.ts';
import { printable } from './serial-log.ts';

/** @returns lines of text without line ends; `isFine`: the port can be used as the lines say. */
export function renderExamination(
  path: string,
  found: Examination,
  readMs: number,
): { readonly lines: readonly string[]; readonly isFine: boolean } {
  if (found.kind === 'problem') return { lines: [`error  ${found.text}`], isFine: false };
  const { guess, baud, tried } = found;
  const bytes = tried.reduce((sum, result) => sum + result.bytes, 0);
  if (bytes === 0) {
    const seconds = readMs / 1000;
    return {
      lines: [
        `${path} opens (${found.driver}), but nothing came within ${seconds} s.`,
        'Is the device running, and does it send on this port? Some boards need DTR: dtr: on, or reset_on_open: true.',
        `Listen longer:   linnet serial doctor ${path} --seconds ${seconds * 6}`,
      ],
      isFine: false,
    };
  }
  const isDevice = parsePortPath(path)?.kind === 'device';
  const lines = isDevice ? tried.map(describeBaud) : [];
  if (baud === undefined) {
    const what = guess.look === 'nothing' ? 'bytes, but no line end (LF)' : 'no text';
    lines.push(
      `${path} gave ${what} at ${isDevice ? 'these baud rates' : 'this address'}.`,
      'The device may use another baud rate, other data or parity bits, or a binary protocol.',
    );
    return { lines, isFine: false };
  }
  return describeGuess(path, found, baud, lines);
}

function describeBaud({ baud, bytes, lines, readable }: BaudResult): string {
  const share = lines === 0 ? 'no line end' : `${Math.round(readable * 100)} % of lines are text`;
  return `${String(baud).padStart(7)} baud   ${bytes} bytes, ${lines} lines, ${share}`;
}

function describeGuess(
  path: string,
  found: Extract<Examination, { kind: 'read' }>,
  baud: number,
  lines: string[],
): { readonly lines: readonly string[]; readonly isFine: boolean } {
  const { guess } = found;
  const isDevice = parsePortPath(path)?.kind === 'device';
  const share = `${guess.matching} of ${guess.lines} lines`;
  lines.push(`example  ${printable(guess.example ?? '')}`);
  const keys = [`name: ${portNameFromPath(path)}`, `path: ${path}`];
  if (isDevice) keys.push(`baud: ${baud}`);
  let isFine = true;
  if (guess.look === 'json') {
    lines.push(`framing  json-lines (${share} are JSON objects)`);
    if (guess.idField === undefined) {
      lines.push('warning  the objects have no sensor id: set id_field, or default_id as below');
      keys.push(`default_id: ${portNameFromPath(path)}`);
    } else if (guess.idField !== 'sensor_id') keys.push(`id_field: ${guess.idField}`);
  } else if (guess.look === 'binary') {
    lines.push('framing  unknown: the lines are not text');
    isFine = false;
  } else {
    const looks = {
      nmea: 'NMEA sentences',
      csv: 'comma separated values',
      text: 'plain text',
      nothing: 'nothing',
    };
    lines.push(
      `framing  lines (${share} look like ${looks[guess.look]}; each line is published as it is)`,
    );
    keys.push('framing: lines');
  }
  if (!isFine) return { lines, isFine };
  lines.push('', 'serial:', '  enabled: true', '  ports:', `    - { ${keys.join(', ')} }`);
  if (guess.look === 'json' && guess.idField === 'sensor_id') {
    lines.push('', `or   linnet --serial ${path}${isDevice ? `:${baud}` : ''}`);
  }
  return { lines, isFine };
}
