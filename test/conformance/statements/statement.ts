/** A normative statement of a specification, in our own words. */
export interface Statement {
  /** As the specification numbers it: `MQTT-3.3.1-6`. Both versions number alike with different meaning. */
  readonly id: string;
  readonly version: '5.0' | '3.1.1';
  /**
   * Who has to do something about it: 'client' only where a server neither obeys it nor has to notice
   * that a client does not.
   */
  readonly binds: 'server' | 'client' | 'both';
  readonly text: string;
  /** Why no test can or need show it; only where that is so. */
  readonly reason?: string;
}

/** Number without `MQTT-`, whom it binds, text and perhaps the reason why no test shows it. */
export type Row = readonly [
  number: string,
  binds: Statement['binds'],
  text: string,
  reason?: string,
];

export function statementsOf(
  version: Statement['version'],
  rows: readonly Row[],
): readonly Statement[] {
  return rows.map(([number, binds, text, reason]) => ({
    id: `MQTT-${number}`,
    version,
    binds,
    text,
    ...(reason === undefined ? {} : { reason }),
  }));
}
