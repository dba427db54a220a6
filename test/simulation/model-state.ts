import type { Trace } from './failure.ts';
import type { LaggingJournal } from './lagging-store.ts';
import type { LocalWatch } from './local-watch.ts';
import { ModelRetained } from './model-retained.ts';
import type { ModelSession, SessionRules } from './model-session.ts';
import { SharedCopies } from './model-share.ts';
import { ModelWills } from './model-wills.ts';
import type { SimulationOptions } from './options.ts';
import type { Publication } from './publication.ts';
import type { SimLink } from './sim-link.ts';

/** How late a timer of the broker may be, and what a step of the clock adds to that. */
export const latenessMs = 300;

/** What the model counts by itself, for comparison with the broker's counters. */
export class ModelCounts {
  disconnects = 0;
  refused = 0;
  expired = 0;
  dropped = 0;
  published = 0;
}

/** What the parts of the model share. */
export class ModelState {
  readonly options: SimulationOptions;
  readonly rules: SessionRules;
  readonly trace: Trace;
  readonly journal: LaggingJournal;
  readonly retained: ModelRetained = new ModelRetained();
  readonly sharedCopies: SharedCopies = new SharedCopies();
  readonly wills: ModelWills;
  /** The client inside the process, once there is one. */
  local: LocalWatch | undefined;
  readonly counts: ModelCounts = new ModelCounts();
  readonly sessions: Map<string, ModelSession> = new Map();
  /** Every connection, by its port. */
  readonly links: Map<number, SimLink> = new Map();
  /** The connection that is the client of each Client Identifier, as the broker sees it. */
  readonly attached: Map<string, SimLink> = new Map();
  /** What the client of each connection got its messages for; and the how-manieth connection it was. */
  readonly sessionOf: Map<SimLink, { session: ModelSession; epoch: number }> = new Map();
  readonly publications: Map<number, Publication> = new Map();

  constructor(
    options: SimulationOptions,
    rules: SessionRules,
    trace: Trace,
    journal: LaggingJournal,
  ) {
    this.journal = journal;
    this.options = options;
    this.rules = rules;
    this.trace = trace;
    this.wills = new ModelWills(rules, latenessMs);
  }

  linkOf(port: number): SimLink {
    const link = this.links.get(port);
    if (link === undefined) throw new Error(`no link has the port ${port}`);
    return link;
  }

  /** The connection whose packets the broker handles for this client. */
  attachedOf(clientId: string): SimLink {
    const link = this.attached.get(clientId);
    return link ?? this.rules.fail(`${clientId} did something while not connected`, clientId);
  }

  sessionNamed(clientId: string): ModelSession {
    const session = this.sessions.get(clientId);
    return session ?? this.rules.fail(`${clientId} has no session`, clientId);
  }
}
