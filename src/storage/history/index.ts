/** The messages of chosen topics, for as long and as large as wanted. */
export { HistoryLog, type HistoryLogOptions, type HistoryLogStatus } from './history-log.ts';
