/**
 * Who may connect while nobody has set up users: the decision that lets a broker started with no
 * configuration be reached from the house and not from the Internet. With a login it knows exactly one
 * user, and as long as that user's password is the one that everybody knows, only from this machine.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type {
  AuthenticationOutcome,
  BrokerPlugin,
  ConnectRequest,
  LinkOrigin,
} from '../broker/index.ts';
import { ReasonCode } from '../packet/index.ts';

export interface DefaultAccessOptions {
  /** A login is asked for. */
  readonly enabled: boolean;
  /**
   * Who needs no login. `private`: this machine and private networks, while `enabled` is false; true:
   * everybody; false: nobody.
   */
  readonly allowAnonymous: 'private' | boolean;
  readonly username: string;
  readonly password: string;
  /** The password is the shipped one: accepted from loopback only. */
  readonly usesShippedPassword: boolean;
}

const anonymous: AuthenticationOutcome = { kind: 'accept', username: undefined };

export function createDefaultAccess(options: DefaultAccessOptions): BrokerPlugin {
  const asksForLogin = options.enabled || options.allowAnonymous === false;
  const expectedUsername = digest(Buffer.from(options.username));
  const expectedPassword = digest(Buffer.from(options.password));

  const login = ({ connect, origin }: ConnectRequest): AuthenticationOutcome => {
    const { username, password } = connect;
    if (username === undefined) {
      if (options.allowAnonymous === true) return anonymous;
      return refusal(ReasonCode.notAuthorized, 'a login is needed (auth.enabled)');
    }
    // Both are compared in full whatever the first one says, so that time tells nothing.
    const isUser = timingSafeEqual(digest(Buffer.from(username)), expectedUsername);
    const isPassword = timingSafeEqual(digest(password ?? new Uint8Array()), expectedPassword);
    if (!isUser || !isPassword) {
      return refusal(ReasonCode.badUserNameOrPassword, 'wrong user name or password');
    }
    if (options.usesShippedPassword && origin.reach !== 'loopback') {
      return refusal(
        ReasonCode.badUserNameOrPassword,
        'the shipped password is accepted from this machine only; set BROKER_PASSWORD (auth.password)',
      );
    }
    return { kind: 'accept', username };
  };

  return {
    name: 'default-access',
    authenticate(request) {
      if (request.connect.properties?.authenticationMethod !== undefined) return undefined;
      if (asksForLogin) return login(request);
      if (options.allowAnonymous === true || isPrivate(request.origin)) return anonymous;
      return refusal(
        ReasonCode.notAuthorized,
        'public address while authentication is off; set BROKER_ENABLE_AUTH=true, or BROKER_ALLOW_ANONYMOUS=true to open it',
      );
    },
  };
}

function isPrivate(origin: LinkOrigin): boolean {
  return origin.reach !== 'public';
}

function refusal(reasonCode: ReasonCode, rule: string): AuthenticationOutcome {
  return { kind: 'refuse', reasonCode, rule };
}

/** Equal lengths for the comparison that takes equal time. */
function digest(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}
