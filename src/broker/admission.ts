/**
 * CONNECT, step by step: limits, Client Identifier, authentication (plain or enhanced), the Will
 * Message's right to be published, and at the end the Session. Each step may refuse; what is refused here
 * is answered in CONNACK and disturbs nobody else.
 */
import { type AuthPacket, type ConnectPacket, MqttVersion, ReasonCode } from '../packet/index.ts';
import { expiryIntervalMs, type Session } from '../session/index.ts';
import { checkTopicName } from '../topic/index.ts';
import type { ClientConnection } from './client-connection.ts';
import { type Core, orUnlimited } from './core.ts';
import type { ClientFacts, RefusalCause } from './events.ts';
import type { AuthenticationOutcome, ConnectRequest, Verdict } from './hooks.ts';
import { messagePropertiesOf } from './publishing.ts';
import type { SessionRegistry } from './session-registry.ts';

/** What admission asks of the broker. */
export interface AdmissionHost {
  readonly isStopping: boolean;
  /** The limit of connections that is reached for this one, if one is. */
  connectionLimit(connection: ClientConnection, clientId: string): string | undefined;
  /** Ends the connection that uses this Client Identifier now, if there is one. */
  takeOver(clientId: string): void;
  /** The connection becomes the client of the Session. */
  attach(connection: ClientConnection, session: Session): void;
}

type Accepted = Extract<AuthenticationOutcome, { kind: 'accept' }>;

const anonymous: Accepted = { kind: 'accept', username: undefined };

export class Admission {
  private readonly core: Core;
  private readonly sessions: SessionRegistry;
  private readonly host: AdmissionHost;
  private readonly requests = new WeakMap<ClientConnection, ConnectRequest>();

  constructor(core: Core, sessions: SessionRegistry, host: AdmissionHost) {
    this.core = core;
    this.sessions = sessions;
    this.host = host;
  }

  begin(connection: ClientConnection, connect: ConnectPacket): void {
    const clientId = connect.clientId === '' ? this.assignClientId() : connect.clientId;
    const limit = this.limitReached(connection, clientId);
    if (limit !== undefined) {
      this.refuse(connection, limit);
      return;
    }
    const request: ConnectRequest = { connect, origin: connection.link.origin, clientId };
    this.requests.set(connection, request);
    if (this.core.plugins.authenticators.length === 0) {
      this.authenticated(connection, request, this.withoutAuthenticators(connect));
      return;
    }
    connection.wait(this.core.plugins.authenticate(request), (outcome) =>
      this.authenticated(connection, request, outcome),
    );
  }

  /** AUTH: the next step of enhanced authentication, or the start of re-authentication. */
  auth(connection: ClientConnection, packet: AuthPacket): void {
    const request = this.requests.get(connection);
    if (request === undefined) return;
    const answer = this.core.plugins.continueAuthentication(request, packet);
    connection.wait(answer, (outcome) => {
      if (connection.protocol.state === 'connected') this.reAuthenticated(connection, outcome);
      else this.authenticated(connection, request, outcome);
    });
  }

  private limitReached(connection: ClientConnection, clientId: string): Refused | undefined {
    if (this.host.isStopping) {
      return {
        cause: 'server-shutdown',
        reasonCode: ReasonCode.serverUnavailable, // 0x8B is for DISCONNECT only.
        rule: 'the broker is stopping',
      };
    }
    const reached = this.host.connectionLimit(connection, clientId);
    if (reached !== undefined) {
      return { cause: 'connection-limit', reasonCode: ReasonCode.quotaExceeded, rule: reached };
    }
    const { sessionsMax } = this.core.settings.limits;
    if (
      this.sessions.count >= orUnlimited(sessionsMax) &&
      this.sessions.get(clientId) === undefined
    ) {
      const rule = `sessions_max ${sessionsMax}`;
      return { cause: 'connection-limit', reasonCode: ReasonCode.quotaExceeded, rule };
    }
    return undefined;
  }

  /** Nobody asks who the client is. Enhanced authentication needs somebody who does [MQTT-4.12.0-1]. */
  private withoutAuthenticators(connect: ConnectPacket): AuthenticationOutcome {
    return connect.properties?.authenticationMethod === undefined ? anonymous : badMethod;
  }

  private authenticated(
    connection: ClientConnection,
    request: ConnectRequest,
    outcome: AuthenticationOutcome | undefined,
  ): void {
    const known = outcome ?? refusalOfUnknown(request.connect);
    switch (known.kind) {
      case 'continue':
        connection.protocol.continueAuthentication(known.authenticationData);
        return;
      case 'refuse':
        this.refuse(connection, { ...known, cause: causeOf(known.reasonCode) });
        return;
      case 'accept':
        this.authorizeWill(connection, request, known);
        return;
      default:
        known satisfies never;
    }
  }

  private reAuthenticated(
    connection: ClientConnection,
    outcome: AuthenticationOutcome | undefined,
  ): void {
    const known = outcome ?? badMethod;
    if (known.kind === 'continue') {
      connection.protocol.continueAuthentication(known.authenticationData);
    } else if (known.kind === 'accept') {
      const { facts, session } = connection;
      if (facts !== undefined) connection.facts = { ...facts, username: known.username };
      if (session !== undefined) session.username = known.username;
      connection.protocol.reAuthenticated(known.authenticationData);
    } else {
      const { reasonCode, reasonString, serverReference } = known;
      const isPassword = reasonCode === ReasonCode.badUserNameOrPassword;
      const told = isPassword ? ReasonCode.notAuthorized : reasonCode; // DISCONNECT has no 0x86.
      connection.end('not-authorized', told, reasonString, serverReference);
    }
  }

  private authorizeWill(
    connection: ClientConnection,
    request: ConnectRequest,
    outcome: Accepted,
  ): void {
    const { connect, clientId, origin } = request;
    const { protocolVersion, will } = connect;
    const facts: ClientFacts = { clientId, username: outcome.username, origin, protocolVersion };
    if (will === undefined) {
      this.accept(connection, request, facts, outcome);
      return;
    }
    const wrong = willTopicRefusal(will.topicName, this.core.settings.limits.topicLevelsMax);
    if (wrong !== undefined) {
      this.refuse(connection, wrong);
      return;
    }
    const { topicName, payload, qos, retain } = will;
    const properties = messagePropertiesOf(will);
    const verdict = this.core.plugins.authorizePublish({
      client: facts,
      topicName,
      payload,
      qos,
      retain,
      properties,
      isWill: true,
    });
    connection.wait(verdict, (known: Verdict) => {
      if (known.allow) this.accept(connection, request, facts, outcome);
      else this.refuse(connection, { ...known, cause: 'not-authorized' });
    });
  }

  private accept(
    connection: ClientConnection,
    request: ConnectRequest,
    facts: ClientFacts,
    outcome: Accepted,
  ): void {
    const { connect, clientId } = request;
    // Authentication may have taken its time: the limit counts now.
    const limit = this.limitReached(connection, clientId);
    if (limit !== undefined) {
      this.refuse(connection, limit);
      return;
    }
    const reply = {
      assignedClientId: connect.clientId === '' ? clientId : undefined,
      responseInformation:
        connect.properties?.requestResponseInformation === true
          ? outcome.responseInformation
          : undefined,
      authenticationData: outcome.authenticationData,
    };
    if (!connection.protocol.takesConnack(reply)) {
      const rule = 'CONNACK is larger than the Maximum Packet Size of the client';
      const reasonCode = ReasonCode.packetTooLarge;
      this.refuse(connection, { cause: 'protocol-error', reasonCode, rule });
      return;
    }
    this.host.takeOver(clientId);
    const { session, sessionPresent } = this.sessionFor(connect, clientId);
    session.protocolVersion = connect.protocolVersion;
    session.username = outcome.username;
    session.expiryIntervalMs = expiryIntervalMs(connect.properties?.sessionExpiryInterval ?? 0);
    session.will = connect.will;
    this.sessions.keep(session);
    this.host.attach(connection, session);
    // A stored Session that is to end with this connection must not come back after a restart; the Will Message
    // of one that is not stored is due after it.
    const isStored = session.isPersistent || session.isRecorded || session.will !== undefined;
    const lsn = isStored ? this.sessions.record(session) : 0;
    connection.accept(facts, {
      session,
      sessionPresent: sessionPresent && connect.protocolVersion !== MqttVersion.v31,
      lsn,
      ...reply,
    });
    this.core.plugins.tell('clientConnected', {
      ...facts,
      keepAlive: connection.protocol.keepAlive,
      cleanStart: connect.cleanStart,
      sessionPresent,
      sessionExpiryInterval: connect.properties?.sessionExpiryInterval ?? 0,
    });
  }

  /** The stored Session, or a new one; Clean Start ends the stored one first [MQTT-3.1.2-4]. */
  private sessionFor(
    connect: ConnectPacket,
    clientId: string,
  ): { session: Session; sessionPresent: boolean } {
    const stored = this.sessions.get(clientId);
    if (stored !== undefined && connect.cleanStart) this.sessions.end(stored, 'clean-start');
    const kept = this.sessions.get(clientId);
    if (kept !== undefined) return { session: kept, sessionPresent: true };
    const session = this.sessions.start(clientId, connect.protocolVersion);
    return { session, sessionPresent: false };
  }

  private refuse(connection: ClientConnection, refused: Refused): void {
    const { reasonCode, reasonString, serverReference } = refused;
    connection.refuse(refused.cause, refused.rule, { reasonCode, reasonString, serverReference });
  }

  private assignClientId(): string {
    for (;;) {
      let clientId = 'auto-';
      for (let i = 0; i < 4; i++) {
        clientId += Math.floor(this.core.runtime.random() * 0x1_0000_0000)
          .toString(16)
          .padStart(8, '0');
      }
      if (this.sessions.get(clientId) === undefined) return clientId;
    }
  }
}

interface Refused {
  readonly cause: RefusalCause;
  readonly reasonCode: ReasonCode;
  readonly reasonString?: string | undefined;
  readonly serverReference?: string | undefined;
  readonly rule: string;
}

const badMethod: AuthenticationOutcome = {
  kind: 'refuse',
  reasonCode: ReasonCode.badAuthenticationMethod,
  rule: 'no authenticator knows this Authentication Method',
};

/** No authenticator knew the client. */
function refusalOfUnknown(connect: ConnectPacket): AuthenticationOutcome {
  if (connect.properties?.authenticationMethod !== undefined) return badMethod;
  return connect.username === undefined
    ? { kind: 'refuse', reasonCode: ReasonCode.notAuthorized, rule: 'a login is needed' }
    : {
        kind: 'refuse',
        reasonCode: ReasonCode.badUserNameOrPassword,
        rule: 'wrong user name or password',
      };
}

function causeOf(reasonCode: ReasonCode): RefusalCause {
  switch (reasonCode) {
    case ReasonCode.badUserNameOrPassword:
    case ReasonCode.badAuthenticationMethod:
      return 'bad-credentials';
    case ReasonCode.serverBusy:
      return 'overload';
    case ReasonCode.connectionRateExceeded:
      return 'rate';
    case ReasonCode.banned:
      return 'banned';
    case ReasonCode.clientIdentifierNotValid:
      return 'client-id';
    case ReasonCode.useAnotherServer:
    case ReasonCode.serverMoved:
      return 'use-another-server';
    default:
      return 'not-authorized';
  }
}

function willTopicRefusal(topicName: string, topicLevelsMax: number): Refused | undefined {
  const cause = 'not-authorized';
  if (topicName.startsWith('$SYS/')) {
    const rule = 'Will Topic: $SYS is written by the broker only';
    return { cause, reasonCode: ReasonCode.notAuthorized, rule, reasonString: rule };
  }
  const wrong = checkTopicName(topicName, topicLevelsMax);
  if (wrong === undefined) return undefined;
  const rule = `Will Topic: ${wrong}`;
  return { cause, reasonCode: ReasonCode.topicNameInvalid, rule, reasonString: rule };
}
