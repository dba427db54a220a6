/** Which tables are kept, where, and how much of them. Paths are relative to `directory` or absolute. */
export interface SqlOptions {
  readonly directory: string;
  readonly connections: ConnectionsOptions | undefined;
  readonly messages: MessagesOptions | undefined;
}

export interface ConnectionsOptions {
  readonly file: string;
  /** Rows of connections that ended longer ago are deleted; 0 = never. */
  readonly maxAgeMs: number;
  /** Rows kept; beyond it the connections that ended first are deleted. 0 = no limit. */
  readonly rowsMax: number;
}

export interface MessagesOptions {
  readonly file: string;
  /** A message is stored when one of these matches its Topic Name. */
  readonly topicFilters: readonly string[];
  /** Days that ended longer ago are deleted; 0 = never. */
  readonly maxAgeMs: number;
  /** About as large as the file gets; beyond it the oldest part is deleted. */
  readonly bytesMax: number;
}

/** The tables, each in a file of its own. */
export type TableName = 'connections' | 'messages';
