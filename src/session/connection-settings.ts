/** What a Connection needs to know of the configuration; counts and bytes as in the table of limits. */
export interface ConnectionSettings {
  /** Our Receive Maximum, and the most we send at once. 1..65535. */
  readonly inflightMessagesMax: number;
  /** `strict`: a client that exceeds it is disconnected with 0x93; `warn`: it is only reported. */
  readonly receiveMaximumMode: 'strict' | 'warn';
  readonly packetBytesMax: number;
  readonly topicAliasMaximum: number;
  /** Seconds, 0 = none: what 5.0 clients that ask for none or for more are given. */
  readonly serverKeepAlive: number;
}
