import { WireError } from './errors.ts'

/** The newest minor version of protocol 3 that we speak. 3.1 was never used by anybody and is never offered. */
export const NEWEST_MINOR = 2

/** The longest start-up packet that we read, in bytes; PostgreSQL itself stops at 10,000, tokens in `options` need more. */
export const LONGEST_STARTUP = 65_536

/** What the first packet of a connection may be (PostgreSQL protocol 55.7, "StartupMessage" and its look-alikes). */
export type StartupPacket =
  | { readonly kind: 'ssl-request' }
  | { readonly kind: 'gssenc-request' }
  | { readonly kind: 'cancel-request'; readonly processId: number; readonly key: Buffer }
  | {
      readonly kind: 'startup'
      readonly major: number
      readonly minor: number
      /** Settings in the order sent, without protocol options. Empty where the major version is not 3. */
      readonly parameters: ReadonlyMap<string, string>
      /** Names of `_pq_.` protocol options; we know none. */
      readonly protocolOptions: readonly string[]
    }

// The codes are major 1234, which no version of the protocol will ever have.
const CANCEL_REQUEST = 80877102
const SSL_REQUEST = 80877103
const GSSENC_REQUEST = 80877104
const VERSION_3 = 3 << 16
const SHORTEST_KEY = 4
const LONGEST_KEY = 256

/**
 * How long a start-up packet is, from its first four bytes.
 * @returns bytes in all, the four included
 * @throws WireError where nothing of that length is a start-up packet
 */
export function startupLength(header: Uint8Array): number {
  const length = view(header).readUInt32BE(0)
  if (length < 8 || length > LONGEST_STARTUP) throw new WireError('invalid length of startup packet')
  return length
}

/**
 * Reads what follows the length of a start-up packet.
 * @throws WireError where it is not well-formed
 */
export function readStartup(body: Uint8Array): StartupPacket {
  const bytes = view(body)
  if (bytes.length < 4) throw new WireError('invalid length of startup packet')
  const code = bytes.readUInt32BE(0)
  if (code === SSL_REQUEST || code === GSSENC_REQUEST) {
    if (bytes.length !== 4) throw new WireError('invalid length of encryption request')
    return { kind: code === SSL_REQUEST ? 'ssl-request' : 'gssenc-request' }
  }
  if (code === CANCEL_REQUEST) return readCancel(bytes)
  const major = code >>> 16
  const minor = code & 0xffff
  // Another major version may look like anything behind its number.
  if (major !== 3) return { kind: 'startup', major, minor, parameters: new Map(), protocolOptions: [] }
  return { kind: 'startup', major, minor, ...readParameters(bytes.subarray(4)) }
}

function readCancel(bytes: Buffer): StartupPacket {
  const keyLength = bytes.length - 8
  if (keyLength < SHORTEST_KEY || keyLength > LONGEST_KEY) throw new WireError('invalid length of cancel request')
  // Copied: the key outlives the packet that it came in.
  return { kind: 'cancel-request', processId: bytes.readUInt32BE(4), key: Buffer.from(bytes.subarray(8)) }
}

function readParameters(bytes: Buffer): { parameters: Map<string, string>; protocolOptions: string[] } {
  const parameters = new Map<string, string>()
  const protocolOptions: string[] = []
  let at = 0
  const text = (): string => {
    const end = bytes.indexOf(0, at)
    if (end < 0) throw new WireError('startup packet is not terminated')
    const value = bytes.toString('utf8', at, end)
    at = end + 1
    return value
  }
  for (let name = text(); name !== ''; name = text()) {
    const value = text()
    // PostgreSQL lets the last one win. Two readings of one packet are two identities, so we take neither.
    if (parameters.has(name) || protocolOptions.includes(name)) throw new WireError('startup packet names a parameter twice')
    if (name.startsWith('_pq_.')) protocolOptions.push(name)
    else parameters.set(name, value)
  }
  if (at !== bytes.length) throw new WireError('startup packet has bytes behind its end')
  return { parameters, protocolOptions }
}

/** A StartupMessage of version 3.`minor`. Names and values hold no NUL. */
export function buildStartup(minor: number, parameters: Iterable<readonly [string, string]>): Buffer {
  let text = ''
  for (const [name, value] of parameters) text += `${name}\0${value}\0`
  const body = Buffer.from(`${text}\0`)
  const packet = Buffer.allocUnsafe(8 + body.length)
  packet.writeUInt32BE(packet.length, 0)
  packet.writeUInt32BE(VERSION_3 | minor, 4)
  body.copy(packet, 8)
  return packet
}

/** An SSLRequest. */
export function buildSslRequest(): Buffer {
  const packet = Buffer.allocUnsafe(8)
  packet.writeUInt32BE(8, 0)
  packet.writeUInt32BE(SSL_REQUEST, 4)
  return packet
}

/** A CancelRequest; the key has 4 bytes on 3.0, up to 256 on 3.2. */
export function buildCancelRequest(processId: number, key: Uint8Array): Buffer {
  const packet = Buffer.allocUnsafe(12 + key.length)
  packet.writeUInt32BE(packet.length, 0)
  packet.writeUInt32BE(CANCEL_REQUEST, 4)
  packet.writeUInt32BE(processId >>> 0, 8)
  packet.set(key, 12)
  return packet
}

/** A NegotiateProtocolVersion message: the newest minor version that we offer, and the protocol options that we do not know. */
export function buildNegotiateProtocolVersion(minor: number, unknownOptions: readonly string[]): Buffer {
  const names = Buffer.from(unknownOptions.map((name) => `${name}\0`).join(''))
  const message = Buffer.allocUnsafe(13 + names.length)
  message[0] = 0x76 // 'v'
  message.writeUInt32BE(message.length - 1, 1)
  message.writeUInt32BE(VERSION_3 | minor, 5)
  message.writeUInt32BE(unknownOptions.length, 9)
  names.copy(message, 13)
  return message
}

/**
 * The minor version that a NegotiateProtocolVersion body offers. PostgreSQL sends the whole version, some servers the minor alone.
 * @throws WireError where it is not well-formed or of another major version
 */
export function readNegotiateProtocolVersion(body: Uint8Array): number {
  const bytes = view(body)
  if (bytes.length < 8) throw new WireError('invalid NegotiateProtocolVersion')
  const version = bytes.readUInt32BE(0)
  if (version > 0xffff && version >>> 16 !== 3) throw new WireError('invalid NegotiateProtocolVersion')
  return version & 0xffff
}

function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
