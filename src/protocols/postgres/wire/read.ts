import { WireError } from './errors.ts'

/** Names of statements and portals are bytes to us, compared exactly: one character per byte. */
export type WireName = string

export interface ParseMessage {
  readonly name: WireName
  /** A view into the message, without the NUL. */
  readonly text: Uint8Array
  /** A parameter has a type by its number that does not come with PostgreSQL. */
  readonly userTypes: boolean
  /** Numbers of the types of parameters, as on the wire. A view into the message. */
  readonly types: Uint8Array
}

export interface BindMessage {
  readonly portal: WireName
  readonly statement: WireName
  /** Everything behind the names: parameter formats, parameters, result formats. A view into the message. */
  readonly parameters: Uint8Array
}

export interface NamedMessage {
  readonly kind: 'statement' | 'portal'
  readonly name: WireName
}

// Each reader takes a whole message: `start` is its type byte, `end` one past its last byte.

/** The text of a Query, without the NUL. @throws WireError */
export function readQuery(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const nul = findNul(bytes, start + 5, end)
  if (nul + 1 !== end) throw malformed('Query')
  return bytes.subarray(start + 5, nul)
}

/** @throws WireError */
export function readParse(bytes: Uint8Array, start: number, end: number): ParseMessage {
  const nameEnd = findNul(bytes, start + 5, end)
  const textEnd = findNul(bytes, nameEnd + 1, end)
  const types = textEnd + 1
  // Int16 count, then one Int32 per parameter type.
  if (end - types < 2 || end - types !== 2 + 4 * ((bytes[types]! << 8) | bytes[types + 1]!)) throw malformed('Parse')
  let userTypes = false
  // Numbers below 16384 come with PostgreSQL (FirstNormalObjectId).
  for (let at = types + 2; at < end; at += 4) userTypes ||= bytes[at] !== 0 || bytes[at + 1] !== 0 || bytes[at + 2]! >= 0x40
  return {
    name: nameOf(bytes, start + 5, nameEnd),
    text: bytes.subarray(nameEnd + 1, textEnd),
    userTypes,
    types: bytes.subarray(types + 2, end),
  }
}

/** The names of a Bind; its parameters are left to the server. @throws WireError */
export function readBind(bytes: Uint8Array, start: number, end: number): BindMessage {
  const portalEnd = findNul(bytes, start + 5, end)
  const statementEnd = findNul(bytes, portalEnd + 1, end)
  return {
    portal: nameOf(bytes, start + 5, portalEnd),
    statement: nameOf(bytes, portalEnd + 1, statementEnd),
    parameters: bytes.subarray(statementEnd + 1, end),
  }
}

/** The portal of an Execute. @throws WireError */
export function readExecute(bytes: Uint8Array, start: number, end: number): WireName {
  const nul = findNul(bytes, start + 5, end)
  // Int32 row limit.
  if (end - nul !== 5) throw malformed('Execute')
  return nameOf(bytes, start + 5, nul)
}

/** What a Describe or Close names. @throws WireError */
export function readNamed(bytes: Uint8Array, start: number, end: number): NamedMessage {
  const letter = bytes[start + 5]
  if (end - start < 7 || (letter !== 0x53 && letter !== 0x50)) throw malformed('Describe or Close')
  const nul = findNul(bytes, start + 6, end)
  if (nul + 1 !== end) throw malformed('Describe or Close')
  return { kind: letter === 0x53 ? 'statement' : 'portal', name: nameOf(bytes, start + 6, nul) }
}

/** The transaction status in a ReadyForQuery: one of `transaction`. @throws WireError */
export function readTransactionStatus(bytes: Uint8Array, start: number, end: number): number {
  const status = bytes[start + 5]
  if (end - start !== 6 || (status !== 0x49 && status !== 0x54 && status !== 0x45)) throw malformed('ReadyForQuery')
  return status
}

/** ParameterStatus: a setting of the session, as the server reports it. @throws WireError */
export function readParameterStatus(bytes: Uint8Array, start: number, end: number): { readonly name: string; readonly value: string } {
  const nameEnd = findNul(bytes, start + 5, end)
  const valueEnd = findNul(bytes, nameEnd + 1, end)
  if (valueEnd + 1 !== end) throw malformed('ParameterStatus')
  return { name: nameOf(bytes, start + 5, nameEnd), value: Buffer.from(bytes.subarray(nameEnd + 1, valueEnd)).toString('utf8') }
}

/** The tag of a CommandComplete, such as `INSERT 0 1`. @throws WireError */
export function readCommandTag(bytes: Uint8Array, start: number, end: number): string {
  const nul = findNul(bytes, start + 5, end)
  if (nul + 1 !== end) throw malformed('CommandComplete')
  return nameOf(bytes, start + 5, nul)
}

function findNul(bytes: Uint8Array, from: number, end: number): number {
  // Most names are empty.
  if (from < end && bytes[from] === 0) return from
  const nul = bytes.indexOf(0, from)
  if (nul < 0 || nul >= end) throw malformed('string')
  return nul
}

function nameOf(bytes: Uint8Array, start: number, end: number): WireName {
  return start === end ? '' : Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1')
}

function malformed(what: string): WireError {
  return new WireError(`A ${what} message is not well-formed.`)
}
