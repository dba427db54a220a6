/**
 * Takes the telnet part out of a byte stream (RFC 854, and the negotiation of RFC 2217 serial servers) and
 * puts it into what we send. We are a plain reader: binary transmission and suppress-go-ahead are agreed
 * to, everything else is refused, COM port control included: the line settings of a network port belong to
 * its server.
 */

const iac = 255;
const dont = 254;
const doOption = 253;
const wont = 252;
const will = 251;
const subnegotiation = 250;
const subnegotiationEnd = 240;
const carriageReturn = 0x0d;

const binaryOption = 0;
const agreedOptions: readonly number[] = [binaryOption, 3];

type State =
  | 'data'
  | 'command'
  | 'option'
  | 'subnegotiation'
  | 'subnegotiation-command'
  | 'after-cr';

export class TelnetCodec {
  readonly #reply: (bytes: Uint8Array) => void;
  #state: State = 'data';
  #verb = 0;
  /** What we have already answered: a telnet that repeats itself must not make us repeat ourselves. */
  readonly #answered = new Map<number, number>();
  #receivesBinary = false;
  #sendsBinary = false;

  /** @param reply sends negotiation answers as they are. */
  constructor(reply: (bytes: Uint8Array) => void) {
    this.#reply = reply;
  }

  /** @returns the data bytes of a received chunk, which may be cut anywhere. */
  decode(chunk: Uint8Array): Uint8Array {
    if (this.#state === 'data' && !chunk.includes(iac) && !chunk.includes(carriageReturn)) {
      return chunk;
    }
    const data = new Uint8Array(chunk.length);
    let length = 0;
    for (const byte of chunk) {
      if (this.#isData(byte)) {
        data[length] = byte;
        length += 1;
      }
    }
    return data.subarray(0, length);
  }

  #isData(byte: number): boolean {
    switch (this.#state) {
      case 'after-cr':
        this.#state = 'data';
        // A CR that stands alone is sent as CR NUL outside of binary mode.
        return byte === 0 ? false : this.#isData(byte);
      case 'data':
        if (byte === iac) this.#state = 'command';
        else if (byte === carriageReturn && !this.#receivesBinary) this.#state = 'after-cr';
        return byte !== iac;
      case 'command':
        return this.#command(byte);
      case 'option':
        this.#state = 'data';
        this.#negotiate(this.#verb, byte);
        return false;
      case 'subnegotiation':
        if (byte === iac) this.#state = 'subnegotiation-command';
        return false;
      case 'subnegotiation-command':
        this.#state = byte === subnegotiationEnd ? 'data' : 'subnegotiation';
        return false;
      default:
        return this.#state satisfies never;
    }
  }

  #command(byte: number): boolean {
    this.#state = 'data';
    if (byte === iac) return true;
    if (byte === subnegotiation) this.#state = 'subnegotiation';
    else if (byte >= will && byte <= dont) {
      this.#verb = byte;
      this.#state = 'option';
    }
    return false;
  }

  #negotiate(verb: number, option: number): void {
    const isAboutThem = verb === will || verb === wont;
    const isOffer = verb === will || verb === doOption;
    const isAgreed = isOffer && agreedOptions.includes(option);
    if (option === binaryOption && isAboutThem) this.#receivesBinary = isAgreed;
    if (option === binaryOption && !isAboutThem) this.#sendsBinary = isAgreed;
    const yes = isAboutThem ? doOption : will;
    const no = isAboutThem ? dont : wont;
    const answer = isAgreed ? yes : no;
    const key = (isAboutThem ? 256 : 0) + option;
    // Options start as "no": saying no to a "no" that we never changed would be a loop.
    const before = this.#answered.get(key) ?? (isOffer ? undefined : no);
    if (before === answer) return;
    this.#answered.set(key, answer);
    this.#reply(Uint8Array.of(iac, answer, option));
  }

  /** @returns the bytes as they have to be sent. */
  encode(bytes: Uint8Array): Uint8Array {
    if (!bytes.includes(iac) && (this.#sendsBinary || !bytes.includes(carriageReturn)))
      return bytes;
    const encoded: number[] = [];
    bytes.forEach((byte, index) => {
      encoded.push(byte);
      if (byte === iac) encoded.push(iac);
      const isLoneReturn = byte === carriageReturn && bytes[index + 1] !== 0x0a;
      if (isLoneReturn && !this.#sendsBinary) encoded.push(0);
    });
    return Uint8Array.from(encoded);
  }
}
