import { ProtocolError, ReasonCode } from '../packet/index.ts';

/** Topic Aliases a client has set on this connection [MQTT-3.3.2-7]; they die with it. */
export class InboundTopicAliases {
  private readonly maximum: number;
  /** Made with the first alias: most clients use none. */
  private topicNames: (string | undefined)[] | undefined;

  /** @param maximum the Topic Alias Maximum we announced; 0 allows none. */
  constructor(maximum: number) {
    this.maximum = maximum;
  }

  /**
   * @returns the Topic Name that the packet means.
   * @throws {ProtocolError} 0x94 for an alias above the maximum [MQTT-3.3.2-9], 0x82 for an unknown one.
   */
  resolve(topicName: string, alias: number): string {
    if (alias > this.maximum) {
      throw new ProtocolError(
        ReasonCode.topicAliasInvalid,
        `Topic Alias ${alias} is above the maximum of ${this.maximum}`,
      );
    }
    if (topicName !== '') {
      this.topicNames ??= [];
      this.topicNames[alias] = topicName;
      return topicName;
    }
    const known = this.topicNames?.[alias];
    if (known === undefined) {
      throw new ProtocolError(ReasonCode.protocolError, `Topic Alias ${alias} was never set`);
    }
    return known;
  }
}

/** How a Topic Name goes out: with an alias that is new (name and alias) or known (alias alone). */
export interface OutboundAlias {
  readonly alias: number;
  readonly isNew: boolean;
}

const missesPerReplacement = 64;

/**
 * Assigns aliases to the Topic Names sent on one connection. The first names get them; once all are taken
 * every 64th other name replaces the oldest, so that a change of habits is followed without paying for an
 * assignment with each message.
 */
export class OutboundTopicAliases {
  private readonly maximum: number;
  private readonly aliases = new Map<string, OutboundAlias>();
  private misses = 0;

  /** @param maximum the smaller of the client's Topic Alias Maximum and our own limit. */
  constructor(maximum: number) {
    this.maximum = maximum;
  }

  /** The packet must then be sent: an alias that was never set would mislead the client. */
  assign(topicName: string): OutboundAlias | undefined {
    const known = this.aliases.get(topicName);
    if (known !== undefined) return known;
    let alias = this.aliases.size + 1;
    if (alias > this.maximum) {
      if (this.maximum === 0 || ++this.misses < missesPerReplacement) return undefined;
      this.misses = 0;
      const [oldest] = this.aliases as Iterable<[string, OutboundAlias]>;
      if (oldest === undefined) return undefined;
      this.aliases.delete(oldest[0]);
      alias = oldest[1].alias;
    }
    this.aliases.set(topicName, { alias, isNew: false });
    return { alias, isNew: true };
  }
}
