import { connect } from 'node:net'
import { type Duplex, duplexPair } from 'node:stream'
import type { TargetAddress } from '../../src/operations/index.ts'

/** A way to a target that is none of the gateway's sockets: what comes out is a stream of bytes and nothing more. */
export interface TestWay {
  readonly via: NonNullable<TargetAddress['via']>
  /** The gateway's ends of what was opened. */
  readonly streams: readonly Duplex[]
}

export function wayTo(host: string, port: number): TestWay {
  const streams: Duplex[] = []
  const dial = async (signal: AbortSignal): Promise<Duplex> => {
    signal.throwIfAborted()
    const [here, there] = duplexPair()
    const socket = connect({ host, port, noDelay: true })
    const over = () => {
      socket.destroy()
      there.destroy()
      here.destroy()
    }
    for (const each of [socket, there, here]) each.on('error', over).on('close', over)
    there.pipe(socket).pipe(there)
    streams.push(here)
    return here
  }
  return { via: { connector: 'plant-a', dial }, streams }
}
