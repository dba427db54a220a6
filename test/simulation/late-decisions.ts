import type {
  AuthenticationOutcome,
  BrokerPlugin,
  MaybePromise,
  Verdict,
} from '../../src/broker/index.ts';
import { ReasonCode } from '../../src/packet/index.ts';
import { isFilterDenied, isPublishDenied, wrongPassword } from './access.ts';
import { idOf, sameBytes } from './publication.ts';
import type { Random } from './random.ts';

const allow: Verdict = { allow: true };
const deny: Verdict = { allow: false, reasonCode: ReasonCode.notAuthorized, rule: 'simulation' };

/** Decisions that are often made in a later turn, in any order among the clients. */
export class LateDecisions {
  private readonly random: Random;
  private readonly nameOf: (port: number) => string;
  private open: (() => void)[] = [];

  /** @param nameOf the name of the client at the other end of the connection with this port. */
  constructor(random: Random, nameOf: (port: number) => string) {
    this.random = random;
    this.nameOf = nameOf;
  }

  get waiting(): number {
    return this.open.length;
  }

  get plugin(): BrokerPlugin {
    return {
      name: 'late-decisions',
      authenticate: ({ connect }) =>
        this.later<AuthenticationOutcome>(
          connect.password !== undefined && sameBytes(connect.password, wrongPassword)
            ? { kind: 'refuse', reasonCode: ReasonCode.badUserNameOrPassword, rule: 'simulation' }
            : { kind: 'accept', username: undefined },
        ),
      authorizePublish: ({ payload }) => this.later(isPublishDenied(idOf(payload)) ? deny : allow),
      authorizeSubscribe: (client, { topicFilter }, shareName) => {
        const key = shareName === undefined ? topicFilter : `$share/${shareName}/${topicFilter}`;
        return this.later(
          isFilterDenied(this.nameOf(client.origin.remotePort), key) ? deny : allow,
        );
      },
    };
  }

  /** Makes up to `count` of the decisions that wait. */
  decide(count: number): void {
    for (let i = 0; i < count && this.open.length > 0; i++) {
      const [answer] = this.open.splice(this.random.below(this.open.length), 1);
      answer?.();
    }
  }

  private later<T>(answer: T): MaybePromise<T> {
    if (this.random.chance(0.4)) return answer;
    return new Promise((resolve) => {
      this.open.push(() => resolve(answer));
    });
  }
}
