/**
 * Will Messages: each is published once if its connection ended without DISCONNECT 0x00 and the client was
 * not back before the delay was over, else never. The broker publishes one before it tells that the
 * connection ended, so a publication is noted first and judged when the rest is known.
 */
import type { ModelSession, SessionRules } from './model-session.ts';
import type { Publication } from './publication.ts';

interface ModelWill {
  readonly publication: Publication;
  readonly delayMs: number;
  readonly session: ModelSession;
  state: 'armed' | 'waiting' | 'published' | 'discarded';
  dueMs: number;
}

export class ModelWills {
  private readonly rules: SessionRules;
  private readonly latenessMs: number;
  private readonly bySession = new Map<ModelSession, ModelWill>();
  private readonly byId = new Map<number, ModelWill>();
  private unjudged: ModelWill[] = [];

  constructor(rules: SessionRules, latenessMs: number) {
    this.rules = rules;
    this.latenessMs = latenessMs;
  }

  /** CONNECT was accepted: a Will that waited for this Session is off, another may be set. */
  connected(session: ModelSession, publication: Publication | undefined, delayMs: number): void {
    this.discard(session);
    if (publication === undefined) return;
    const will: ModelWill = { publication, delayMs, session, state: 'armed', dueMs: Infinity };
    this.bySession.set(session, will);
    this.byId.set(publication.id, will);
  }

  published(publication: Publication): ModelSession {
    const will = this.byId.get(publication.id);
    if (will === undefined || (will.state !== 'armed' && will.state !== 'waiting')) {
      const state = will?.state ?? 'never set';
      this.rules.fail(
        `the Will #${publication.id} was published, but is ${state}`,
        publication.client,
      );
    }
    const isWaiting = will.state === 'waiting';
    will.state = 'published';
    this.bySession.delete(will.session);
    if (!isWaiting || this.rules.nowMs() < will.dueMs) this.unjudged.push(will);
    return will.session;
  }

  disconnected(session: ModelSession, isNormal: boolean): void {
    const will = this.bySession.get(session);
    const early = this.unjudged.findIndex((published) => published.session === session);
    if (early >= 0) {
      const [published] = this.unjudged.splice(early, 1) as [ModelWill];
      const isDue = published.delayMs === 0 || session.expiryMs === 0 || session.isEnded;
      if (isNormal || !isDue) this.fail(published, 'was published too early');
    } else if (isNormal) {
      this.discard(session);
    } else if (will !== undefined) {
      if (will.delayMs === 0 || session.expiryMs === 0) this.fail(will, 'was not published');
      will.state = 'waiting';
      will.dueMs = this.rules.nowMs() + Math.min(will.delayMs, session.expiryMs);
    }
  }

  /** At the end of a step everything must be explained. */
  judge(): void {
    for (const will of this.unjudged) {
      if (!will.session.isEnded) this.fail(will, 'was published too early');
    }
    this.unjudged = [];
  }

  /** After time passed: none may be overdue. */
  checkOverdue(): void {
    const nowMs = this.rules.nowMs();
    for (const will of this.bySession.values()) {
      if (will.state === 'waiting' && will.dueMs + this.latenessMs < nowMs)
        this.fail(will, 'is overdue');
    }
  }

  get waiting(): number {
    return this.bySession.size;
  }

  private discard(session: ModelSession): void {
    const will = this.bySession.get(session);
    if (will === undefined) return;
    will.state = 'discarded';
    this.bySession.delete(session);
  }

  private fail(will: ModelWill, text: string): never {
    const { id, client } = will.publication;
    this.rules.fail(`the Will #${id} (delay ${will.delayMs} ms) ${text}`, client);
  }
}
