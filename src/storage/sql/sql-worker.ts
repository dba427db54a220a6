/**
 * The thread that owns the database files. It does what it is told in the order it is told, and looks after
 * the files once a minute in between.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { ConnectionsTable } from './connections-table.ts';
import { MessagesTable } from './messages-table.ts';
import { TableFile } from './table-file.ts';
import type { FromWorker, ToWorker, WorkerSetup } from './thread-messages.ts';

const careIntervalMs = 60_000;

const port = parentPort;
if (port === null) throw new Error('sql-worker.ts runs as a worker thread only');

const { connections, messages, isAgain } = workerData as WorkerSetup;
const tell = (message: FromWorker): void => port.postMessage(message);
const connectionsFile =
  connections &&
  new TableFile('connections', connections.path, new ConnectionsTable(connections, isAgain), tell);
const messagesFile =
  messages && new TableFile('messages', messages.path, new MessagesTable(messages), tell);

/** One step at a time, so that what was told meanwhile is done in between. */
function care(): void {
  const files = [connectionsFile, messagesFile];
  const isMore = files.map((file) => file?.retain() ?? false).includes(true);
  if (isMore) setImmediate(care);
}

const timer = setInterval(care, careIntervalMs);

port.on('message', (message: ToWorker) => {
  switch (message.kind) {
    case 'open':
      (message.table === 'connections' ? connectionsFile : messagesFile)?.open();
      setImmediate(care);
      break;
    case 'write':
      if (message.batch.table === 'connections') connectionsFile?.write(message.batch.rows);
      else messagesFile?.write(message.batch.rows);
      break;
    case 'close':
      clearInterval(timer);
      connectionsFile?.close();
      messagesFile?.close();
      tell({ kind: 'closed' });
      port.close();
      break;
  }
});
