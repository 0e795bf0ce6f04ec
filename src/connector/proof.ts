import { type KeyObject, sign, verify } from 'node:crypto'
import type { TLSSocket } from 'node:tls'

/** What is proved: one proof is good for nothing else. */
export type Purpose = 'enrol' | 'tunnel'

/** RFC 9266 §4: what both ends of one TLS 1.3 connection know, and nobody else has. */
const BINDING_LABEL = 'EXPORTER-Channel-Binding'
const BINDING_BYTES = 32

/**
 * Whoever stands in between and ends TLS has another one on each side, so a proof over it cannot be passed on, nor used on another connection.
 * @returns undefined where the connection is not TLS 1.3 or not open (any more)
 */
export function channelBinding(socket: TLSSocket): Buffer | undefined {
  // Before 1.3 the bytes depend on the extended master secret, which a peer may leave out (RFC 9266 §4.2).
  if (socket.destroyed || socket.getProtocol() !== 'TLSv1.3') return undefined
  try {
    return socket.exportKeyingMaterial(BINDING_BYTES, BINDING_LABEL, Buffer.alloc(0))
  } catch {
    return undefined
  }
}

/** Ed25519 over purpose, binding, and what else is said, each with its length. */
export function prove(key: KeyObject, purpose: Purpose, binding: Uint8Array, said: readonly (string | Uint8Array)[]): Buffer {
  return sign(null, message(purpose, binding, said), key)
}

/** Whether the holder of that key said this on this connection. */
export function isProven(
  key: KeyObject,
  purpose: Purpose,
  binding: Uint8Array,
  said: readonly (string | Uint8Array)[],
  proof: Uint8Array,
): boolean {
  return proof.length === 64 && binding.length === BINDING_BYTES && verify(null, message(purpose, binding, said), key, proof)
}

function message(purpose: Purpose, binding: Uint8Array, said: readonly (string | Uint8Array)[]): Buffer {
  return Buffer.concat(
    ['gatescribe connector 1', purpose, binding, ...said].flatMap((part) => {
      const bytes = Buffer.from(part)
      const length = Buffer.alloc(4)
      length.writeUInt32BE(bytes.length)
      return [length, bytes]
    }),
  )
}
