import { createHash } from 'node:crypto'
import { WireError } from './errors.ts'

/** What a server asks of a client at log-in (PostgreSQL protocol 55.7, the Authentication messages). */
export type AuthenticationRequest =
  | { readonly kind: 'ok' }
  | { readonly kind: 'cleartext' }
  | { readonly kind: 'md5'; readonly salt: Uint8Array }
  | { readonly kind: 'sasl'; readonly mechanisms: readonly string[] }
  | { readonly kind: 'sasl-continue'; readonly message: string }
  | { readonly kind: 'sasl-final'; readonly message: string }
  /** Kerberos, GSSAPI, SSPI, or something newer than we are. */
  | { readonly kind: 'other'; readonly code: number }

const AUTHENTICATION = 0x52 // 'R'
const PASSWORD = 0x70 // 'p': PasswordMessage, SASLInitialResponse and SASLResponse share it

const OK = 0
const CLEARTEXT = 3
const MD5 = 5
const SASL = 10
const SASL_CONTINUE = 11
const SASL_FINAL = 12

/**
 * Reads the body of an Authentication message.
 * @throws WireError
 */
export function readAuthenticationRequest(body: Uint8Array): AuthenticationRequest {
  const bytes = view(body)
  if (bytes.length < 4) throw new WireError('invalid Authentication message')
  const code = bytes.readUInt32BE(0)
  const rest = bytes.subarray(4)
  switch (code) {
    case OK:
      return { kind: 'ok' }
    case CLEARTEXT:
      return { kind: 'cleartext' }
    case MD5:
      if (rest.length !== 4) throw new WireError('invalid salt for MD5')
      return { kind: 'md5', salt: rest }
    case SASL:
      return { kind: 'sasl', mechanisms: readMechanisms(rest) }
    case SASL_CONTINUE:
      return { kind: 'sasl-continue', message: rest.toString('utf8') }
    case SASL_FINAL:
      return { kind: 'sasl-final', message: rest.toString('utf8') }
    default:
      return { kind: 'other', code }
  }
}

function readMechanisms(bytes: Buffer): string[] {
  const text = bytes.toString('latin1')
  if (!text.endsWith('\0\0') && text !== '\0') throw new WireError('invalid list of SASL mechanisms')
  const names = text.slice(0, -1).split('\0').slice(0, -1)
  if (names.includes('')) throw new WireError('invalid list of SASL mechanisms')
  return names
}

/** AuthenticationOk. */
export function buildAuthenticationOk(): Buffer {
  return authentication(OK, Buffer.alloc(0))
}

/** AuthenticationCleartextPassword. */
export function buildCleartextRequest(): Buffer {
  return authentication(CLEARTEXT, Buffer.alloc(0))
}

/** AuthenticationSASL: the mechanisms that we offer, best first. */
export function buildSaslRequest(mechanisms: readonly string[]): Buffer {
  return authentication(SASL, Buffer.from(`${mechanisms.map((name) => `${name}\0`).join('')}\0`))
}

/** AuthenticationSASLContinue. */
export function buildSaslContinue(message: string): Buffer {
  return authentication(SASL_CONTINUE, Buffer.from(message))
}

/** AuthenticationSASLFinal. */
export function buildSaslFinal(message: string): Buffer {
  return authentication(SASL_FINAL, Buffer.from(message))
}

function authentication(code: number, content: Buffer): Buffer {
  const message = Buffer.allocUnsafe(9 + content.length)
  message[0] = AUTHENTICATION
  message.writeUInt32BE(8 + content.length, 1)
  message.writeUInt32BE(code, 5)
  content.copy(message, 9)
  return message
}

/**
 * The password of a PasswordMessage body.
 * @throws WireError
 */
export function readPassword(body: Uint8Array): string {
  const bytes = view(body)
  if (bytes.length === 0 || bytes.indexOf(0) !== bytes.length - 1) throw new WireError('invalid password packet')
  return bytes.toString('utf8', 0, bytes.length - 1)
}

/** A PasswordMessage. The password holds no NUL. */
export function buildPassword(password: string): Buffer {
  return response(Buffer.from(`${password}\0`))
}

/**
 * What an AuthenticationMD5Password asks for: `md5` + md5(md5(password + user) + salt), in hexadecimal (PostgreSQL protocol 55.2.1).
 * The digest is the server's choice; whoever holds this one can answer a later challenge, which is why PostgreSQL is leaving it.
 */
export function md5Password(user: string, password: string, salt: Uint8Array): string {
  const inner = createHash('md5').update(password).update(user).digest('hex')
  return `md5${createHash('md5').update(inner).update(salt).digest('hex')}`
}

/**
 * The parts of a SASLInitialResponse body.
 * @throws WireError
 */
export function readSaslInitialResponse(body: Uint8Array): { readonly mechanism: string; readonly message: string } {
  const bytes = view(body)
  const end = bytes.indexOf(0)
  if (end < 0 || bytes.length < end + 5) throw new WireError('invalid SASLInitialResponse')
  const length = bytes.readInt32BE(end + 1)
  // −1 says "no initial response", which SCRAM always has.
  if (length !== bytes.length - end - 5) throw new WireError('invalid SASLInitialResponse')
  return { mechanism: bytes.toString('latin1', 0, end), message: bytes.toString('utf8', end + 5) }
}

/** A SASLInitialResponse. */
export function buildSaslInitialResponse(mechanism: string, message: string): Buffer {
  const name = Buffer.from(`${mechanism}\0`, 'latin1')
  const length = Buffer.allocUnsafe(4)
  const content = Buffer.from(message)
  length.writeInt32BE(content.length)
  return response(Buffer.concat([name, length, content]))
}

/** The message of a SASLResponse body. */
export function readSaslResponse(body: Uint8Array): string {
  return view(body).toString('utf8')
}

/** A SASLResponse. */
export function buildSaslResponse(message: string): Buffer {
  return response(Buffer.from(message))
}

function response(content: Buffer): Buffer {
  const message = Buffer.allocUnsafe(5 + content.length)
  message[0] = PASSWORD
  message.writeUInt32BE(4 + content.length, 1)
  content.copy(message, 5)
  return message
}

function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
