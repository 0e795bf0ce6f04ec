/** One message of a server: its type as a letter, and the bytes after its length. */
export interface ServerMessage {
  readonly type: string
  readonly body: Buffer
}

/**
 * Cuts a server's stream into messages. Written for tests alone and on purpose without the gateway's own codec: what
 * checks the gateway must not share its mistakes.
 */
export function splitServerMessages(stream: Buffer): ServerMessage[] {
  const messages: ServerMessage[] = []
  for (let at = 0; at < stream.length; ) {
    const length = at + 5 <= stream.length ? stream.readUInt32BE(at + 1) : 0
    const end = at + 1 + length
    if (length < 4 || end > stream.length) {
      messages.push({ type: 'cut short', body: stream.subarray(at) })
      break
    }
    messages.push({ type: String.fromCharCode(stream[at]!), body: stream.subarray(at + 5, end) })
    at = end
  }
  return messages
}
