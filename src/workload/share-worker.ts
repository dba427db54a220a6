/** The thread of one `RemoteShare`: a `LocalShare` that is told what to do by messages. */
import { parentPort, workerData } from 'node:worker_threads';
import { LocalShare } from './local-share.ts';
import type { ShareAnswer, ShareRequest, ShareWorkerData } from './remote-share.ts';

const port = parentPort;
if (port === null) throw new Error('share-worker.ts runs as a worker thread only');
const { plan, place, progress }: ShareWorkerData = workerData;
const share = new LocalShare(plan, place, progress);

async function perform(request: ShareRequest): Promise<unknown> {
  switch (request.act) {
    case 'connect':
      return await share.connect();
    case 'run':
      return await share.run(request.timing);
    case 'drain':
      return await share.drain(request.sent);
    case 'counts':
      return await share.counts();
    case 'stop':
      return share.stop();
    default:
      throw new Error(`unknown request ${String(request satisfies never)}`);
  }
}

port.on('message', (request: ShareRequest) => {
  void perform(request).then((value) => {
    const answer: ShareAnswer = { id: request.id, value };
    port.postMessage(answer);
  });
});
