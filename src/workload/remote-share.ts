import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { LoadPlace, LoadPlan } from './load-plan.ts';
import type { LoadShare, LoadTiming, SentMessages } from './local-share.ts';
import type { LoadCounts, ShareResult } from './share-result.ts';

/** What the thread is started with. */
export interface ShareWorkerData {
  readonly plan: LoadPlan;
  readonly place: LoadPlace;
  readonly progress: SharedArrayBuffer | undefined;
}

type Act =
  | { readonly act: 'connect' }
  | { readonly act: 'run'; readonly timing: LoadTiming }
  | { readonly act: 'drain'; readonly sent: SentMessages }
  | { readonly act: 'counts' }
  | { readonly act: 'stop' };

/** To the thread. */
export type ShareRequest = Act & { readonly id: number };

/** From the thread: what the method returned. */
export interface ShareAnswer {
  readonly id: number;
  readonly value: unknown;
}

/** A share in a thread of its own. */
export class RemoteShare implements LoadShare {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #ended: Promise<unknown>;
  #lastId = 0;
  #failure: unknown;

  constructor(data: ShareWorkerData) {
    // Built, the file has another ending.
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const file = new URL(`./share-worker.${extension}`, import.meta.url);
    this.#worker = new Worker(file, { workerData: data });
    this.#ended = once(this.#worker, 'exit');
    this.#worker.on('message', ({ id, value }: ShareAnswer) => {
      this.#waiting.get(id)?.resolve(value);
      this.#waiting.delete(id);
    });
    this.#worker.on('error', (error) => {
      this.#failure = error;
      for (const { reject } of this.#waiting.values()) reject(error);
      this.#waiting.clear();
    });
  }

  async connect(): Promise<void> {
    await this.#ask({ act: 'connect' });
  }

  async run(timing: LoadTiming): Promise<SentMessages> {
    return await this.#ask<SentMessages>({ act: 'run', timing });
  }

  /** The thread is gone when this resolves. */
  async drain(sent: SentMessages): Promise<ShareResult> {
    const result = await this.#ask<ShareResult>({ act: 'drain', sent });
    await this.close();
    return result;
  }

  async counts(): Promise<LoadCounts> {
    return await this.#ask<LoadCounts>({ act: 'counts' });
  }

  stop(): void {
    // A thread that has failed says so where its result is waited for.
    this.#ask({ act: 'stop' }).catch(() => undefined);
  }

  /** Ends the thread, whatever it does. */
  async close(): Promise<void> {
    await this.#worker.terminate();
    await this.#ended;
  }

  /** The thread answers each request with what its `LocalShare` returned. */
  #ask<T = unknown>(act: Act): Promise<T> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const id = ++this.#lastId;
    const answer = Promise.withResolvers<T>();
    this.#waiting.set(id, answer as PromiseWithResolvers<unknown>);
    this.#worker.postMessage({ ...act, id } satisfies ShareRequest);
    return answer.promise;
  }
}
