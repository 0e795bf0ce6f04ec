import type { Duplex } from 'node:stream'
import { Refusal } from '../../../operations/index.ts'
import type { ExchangeRecorder } from '../../../recording/index.ts'
import { ClientLeft } from '../plane.ts'
import type { BodyChange } from './change.ts'

export interface Tunnel {
  /** Both paused, with nothing listening. */
  readonly client: Duplex
  readonly target: Duplex
  /** Bytes of each that were read already. */
  readonly heads: { readonly client: Uint8Array; readonly target: Uint8Array }
  /** What the client gets of what the target says. */
  readonly change?: BodyChange | undefined
  /** Told what the client gets, before it does. */
  readonly record?: ((bytes: Uint8Array) => void) | undefined
  /** Whose pace it goes at; within strict recordings, what is shown is recorded before. Where it is lost, the tunnel is cut. */
  readonly recorder?: Pick<ExchangeRecorder, 'strict' | 'crowded' | 'onLost' | 'onRoom' | 'whenShown'> | undefined
  /** @returns why it must be cut off now */
  readonly charge: (bytes: number) => Refusal | undefined
  /** Cuts it. */
  readonly signal: AbortSignal
}

/**
 * Passes bytes both ways, each way at the pace of the slower, until both have ended or one is gone. Never rejects; both are closed when it resolves.
 * @returns why it was cut, where it was
 */
export function tunnel({ client, target, heads, change, record, recorder, charge, signal }: Tunnel): Promise<unknown> {
  return new Promise((resolve) => {
    let why: unknown
    let timer: NodeJS.Timeout | undefined
    const cut = (reason: unknown) => {
      why ??= reason
      client.destroy()
      target.destroy()
    }
    // A client that has said all it wanted and closes has not left in the middle of something.
    const aborted = () => cut(client.readableEnded && signal.reason instanceof ClientLeft ? undefined : signal.reason)
    const whenShown = (then: () => void) => (recorder?.strict ? recorder.whenShown(then) : then())
    const goOn = () => (recorder?.crowded ? recorder.onRoom(() => target.resume()) : target.resume())
    const show = (bytes: Uint8Array) => {
      if (bytes.length === 0) return
      record?.(bytes)
      target.pause()
      whenShown(() => {
        if (client.destroyed) return
        if (client.write(bytes)) goOn()
        else client.once('drain', goOn)
      })
    }
    /** What is kept back is shown when its time is over, while nothing else comes. */
    const watch = () => {
      clearTimeout(timer)
      if (change?.deadline === undefined) return
      timer = setTimeout(
        () => {
          show(change.expire?.(performance.now()) ?? NOTHING)
          watch()
        },
        Math.max(1, change.deadline - performance.now()),
      )
    }
    const fromTarget = (bytes: Uint8Array) => {
      show(change ? change.push(bytes, performance.now()) : bytes)
      watch()
    }
    const fromClient = (bytes: Uint8Array) => {
      if (target.write(bytes)) return
      client.pause()
      target.once('drain', () => client.resume())
    }
    const pass = (from: Duplex, to: Duplex, take: (bytes: Uint8Array) => void, end: () => void, head: Uint8Array) => {
      const charged = (bytes: Uint8Array): void => {
        const refusal = charge(bytes.length)
        if (refusal) cut(refusal)
        else take(bytes)
      }
      from.on('data', charged)
      // Half of it may end before the other half.
      from.once('end', end)
      from.on('error', () => undefined)
      from.once('close', () => {
        if (!from.readableEnded) to.destroy()
        done()
      })
      from.resume()
      if (head.length > 0) charged(head)
    }
    const done = () => {
      if (!client.closed || !target.closed) return
      clearTimeout(timer)
      signal.removeEventListener('abort', aborted)
      resolve(why)
    }
    const targetEnded = () => {
      clearTimeout(timer)
      show(change?.end() ?? NOTHING)
      whenShown(() => client.end())
    }
    recorder?.onLost(() => cut(new Refusal('GS_TRAIL_UNAVAILABLE')))
    if (signal.aborted) aborted()
    else signal.addEventListener('abort', aborted, { once: true })
    pass(client, target, fromClient, () => target.end(), heads.client)
    pass(target, client, fromTarget, targetEnded, heads.target)
    done()
  })
}

const NOTHING = new Uint8Array(0)
