import type { Duplex } from 'node:stream'
import type { Refusal } from '../../../operations/index.ts'
import { ClientLeft } from '../plane.ts'

export interface Tunnel {
  /** Both paused, with nothing listening. */
  readonly client: Duplex
  readonly target: Duplex
  /** Bytes of each that were read already. */
  readonly heads: { readonly client: Uint8Array; readonly target: Uint8Array }
  /** Of the same length. @returns what the client gets */
  readonly toClient?: ((bytes: Uint8Array) => Uint8Array) | undefined
  /** @returns why it must be cut off now */
  readonly charge: (bytes: number) => Refusal | undefined
  /** Cuts it. */
  readonly signal: AbortSignal
}

/**
 * Passes bytes both ways, each way at the pace of the slower, until both have ended or one is gone. Never rejects; both are closed when it resolves.
 * @returns why it was cut, where it was
 */
export function tunnel({ client, target, heads, toClient, charge, signal }: Tunnel): Promise<unknown> {
  return new Promise((resolve) => {
    let why: unknown
    const cut = (reason: unknown) => {
      why ??= reason
      client.destroy()
      target.destroy()
    }
    // A client that has said all it wanted and closes has not left in the middle of something.
    const aborted = () => cut(client.readableEnded && signal.reason instanceof ClientLeft ? undefined : signal.reason)
    const pass = (from: Duplex, to: Duplex, change: ((bytes: Uint8Array) => Uint8Array) | undefined, head: Uint8Array) => {
      const take = (chunk: Uint8Array): void => {
        const refusal = charge(chunk.length)
        if (refusal) {
          cut(refusal)
          return
        }
        const passed = change ? change(chunk) : chunk
        if (passed.length > 0 && !to.write(passed)) {
          from.pause()
          to.once('drain', () => from.resume())
        }
      }
      if (head.length > 0) take(head)
      from.on('data', take)
      // Half of it may end before the other half.
      from.once('end', () => to.end())
      from.on('error', () => undefined)
      from.once('close', () => {
        if (!from.readableEnded) to.destroy()
        done()
      })
      from.resume()
    }
    const done = () => {
      if (!client.closed || !target.closed) return
      signal.removeEventListener('abort', aborted)
      resolve(why)
    }
    if (signal.aborted) aborted()
    else signal.addEventListener('abort', aborted, { once: true })
    pass(client, target, undefined, heads.client)
    pass(target, client, toClient, heads.target)
    done()
  })
}
