/** What the first bytes of a connection are, as far as they have come. */
export type Hello =
  | { readonly is: 'unfinished' }
  /** Something else than TLS, or not as RFC 8446 has it. */
  | { readonly is: 'other' }
  | {
      readonly is: 'hello'
      /** In lower case; undefined: it names none. */
      readonly serverName: string | undefined
      /** It asks for another name within, which nobody but the server can read (RFC 9849). */
      readonly hidden: boolean
    }

const HANDSHAKE = 22
const CLIENT_HELLO = 1
const SERVER_NAME = 0
const ENCRYPTED_CLIENT_HELLO = 0xfe0d
const HOST_NAME = 0
/** RFC 8446 §5.1. */
const LONGEST_RECORD = 16_384
/** Of a ClientHello, with room for keys of post-quantum exchanges and tickets. Bytes. */
const LONGEST_HELLO = 32_768
/** No client cuts it into more; each record of one byte would cost a look of its own. */
const MOST_RECORDS = 64
const OTHER: Hello = { is: 'other' }
const UNFINISHED: Hello = { is: 'unfinished' }

/**
 * Reads the ClientHello at the begin of a connection (RFC 8446 §4.1.2), which may be cut into records anywhere.
 * @param bytes everything that has come so far
 */
export function readClientHello(bytes: Buffer): Hello {
  const pieces: Buffer[] = []
  let length = 0
  let at = 0
  for (let records = 0; ; records++) {
    const left = bytes.length - at
    // What has come of the head of a record is judged at once: whoever waits for five bytes waits for ever with other protocols.
    if (left > 0 && bytes[at] !== HANDSHAKE) return OTHER
    if (left > 1 && bytes[at + 1] !== 3) return OTHER
    if (records > MOST_RECORDS) return OTHER
    if (left < 5) return UNFINISHED
    const size = bytes.readUInt16BE(at + 3)
    if (size === 0 || size > LONGEST_RECORD) return OTHER
    const piece = bytes.subarray(at + 5, at + 5 + size)
    pieces.push(piece)
    length += piece.length
    const message = pieces.length === 1 ? piece : Buffer.concat(pieces)
    if (length > 0 && message[0] !== CLIENT_HELLO) return OTHER
    if (length >= 4) {
      const whole = 4 + message.readUIntBE(1, 3)
      if (whole > LONGEST_HELLO) return OTHER
      // Nothing may come behind it in its record.
      if (length > whole) return OTHER
      if (length === whole) return readMessage(message.subarray(4))
    }
    if (piece.length < size) return UNFINISHED
    at += 5 + size
  }
}

/** Lengths of vectors: each step may leave nothing behind that it was not told of. */
class Vectors {
  readonly #bytes: Buffer
  #at = 0
  failed = false

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get empty(): boolean {
    return this.#at >= this.#bytes.length
  }

  number(size: 1 | 2): number {
    if (this.#at + size > this.#bytes.length) return this.#fail()
    const value = this.#bytes.readUIntBE(this.#at, size)
    this.#at += size
    return value
  }

  take(size: number): Buffer {
    if (this.#at + size > this.#bytes.length) {
      this.#fail()
      return Buffer.alloc(0)
    }
    const taken = this.#bytes.subarray(this.#at, this.#at + size)
    this.#at += size
    return taken
  }

  vector(size: 1 | 2): Buffer {
    return this.take(this.number(size))
  }

  #fail(): number {
    this.failed = true
    this.#at = this.#bytes.length
    return 0
  }
}

function readMessage(message: Buffer): Hello {
  const hello = new Vectors(message)
  // legacy_version and random, session id, cipher suites, compression methods.
  hello.take(34)
  hello.vector(1)
  hello.vector(2)
  hello.vector(1)
  // Before TLS 1.3 there may be no extensions at all.
  const extensions = new Vectors(hello.empty ? Buffer.alloc(0) : hello.vector(2))
  let names: Buffer | undefined
  let hidden = false
  while (!extensions.empty) {
    const type = extensions.number(2)
    const content = extensions.vector(2)
    if (type === ENCRYPTED_CLIENT_HELLO) hidden = true
    if (type !== SERVER_NAME) continue
    // RFC 8446 §4.2: each extension once.
    if (names !== undefined) return OTHER
    names = content
  }
  if (hello.failed || !hello.empty || extensions.failed) return OTHER
  if (names === undefined) return { is: 'hello', serverName: undefined, hidden }
  const serverName = readNames(names)
  return serverName === undefined ? OTHER : { is: 'hello', serverName, hidden }
}

/** RFC 6066 §3: one name of the only type that there is. */
function readNames(content: Buffer): string | undefined {
  const outer = new Vectors(content)
  const list = new Vectors(outer.vector(2))
  const type = list.number(1)
  const name = list.vector(2).toString('latin1')
  const fits = !outer.failed && outer.empty && !list.failed && list.empty && type === HOST_NAME
  return fits && /^[\x21-\x7e]{1,253}$/.test(name) ? name.toLowerCase() : undefined
}
