import { setTimeout as sleep } from 'node:timers/promises'
import { bind, execute, parse, query, sync, terminate } from '../../../src/protocols/postgres/wire/build.ts'
import { type Door, tapped } from './door.ts'

/** A session that sends exactly the messages it is told, whatever comes back. */
export interface Actor {
  /** A simple query; resolves once it is answered. */
  say(text: string): Promise<void>
  /** Parse, Bind, Execute and Sync of the unnamed statement and portal; resolves once it is answered. */
  ask(text: string): Promise<void>
  /** Any messages; resolves once each Query and Sync among them is answered. */
  send(...messages: readonly Uint8Array[]): Promise<void>
  /** Any messages, answered or not. */
  throw(...messages: readonly Uint8Array[]): void
  /** What came so far. */
  received(): Buffer
}

/** Where an attempt is made: at the gateway, or at the server itself. */
export interface Stage {
  /** Another session of the same job. @param settings of its start-up packet; where they have it refused, it does nothing */
  session(settings?: Readonly<Record<string, string>>): Promise<Actor>
  /** Time for others to get as far as they can. */
  pause(ms?: number): Promise<void>
}

/** ms for which answers are waited for: behind a lock that nobody lets go of, none come. */
const PATIENCE = 4_000
/** ms that a session is given to end by itself. */
const FAREWELL = 500

/** Parse, Bind and Execute, without Sync. */
export const asked = (text: string, statement = '', portal = '', rows = 0): Buffer =>
  Buffer.concat([parse(statement, text), bind(portal, statement), execute(portal, rows)])

/** A stage with its sessions. `close` ends them. @returns of close: what came over each */
export function openStage(door: Door): Stage & { close(): Promise<readonly Buffer[]> } {
  const sessions: { received(): Buffer; end(): Promise<void> }[] = []
  return {
    async session(settings) {
      const session = await tapped(door, settings).catch((error: unknown) => {
        if (settings === undefined) throw error
        return undefined
      })
      if (!session) return NOBODY
      const { client, received, stream } = session
      // From here on nobody makes anything of what comes but the tap.
      const { connection } = client as unknown as { connection: NodeJS.EventEmitter }
      for (const event of connection.eventNames()) if (event !== 'error' && event !== 'end') connection.removeAllListeners(event)
      let awaited = readies(received())
      const send = async (messages: readonly Uint8Array[]) => {
        for (const message of messages) if (message[0] === QUERY || message[0] === SYNC) awaited += 1
        stream.write(Buffer.concat(messages))
        const until = performance.now() + PATIENCE
        while (readies(received()) < awaited && performance.now() < until && !stream.destroyed) await sleep(2)
      }
      sessions.push({
        received,
        end: async () => {
          stream.end(terminate())
          for (let waited = 0; waited < FAREWELL && !stream.destroyed; waited += 2) await sleep(2)
          stream.destroy()
        },
      })
      return {
        say: (text) => send([query(text.replaceAll('@database@', door.database))]),
        ask: (text) => send([asked(text), sync()]),
        send: (...messages) => send(messages),
        throw: (...messages) => void stream.write(Buffer.concat(messages)),
        received,
      }
    },
    pause: (ms = 150) => sleep(ms),
    async close() {
      await Promise.all(sessions.map((session) => session.end()))
      return sessions.map((session) => session.received())
    },
  }
}

const NOBODY: Actor = {
  say: async () => undefined,
  ask: async () => undefined,
  send: async () => undefined,
  throw: () => undefined,
  received: () => Buffer.alloc(0),
}

const [QUERY, SYNC] = [...'QS'].map((letter) => letter.charCodeAt(0))

/** ReadyForQuery messages among what came. Rows of these attempts hold none of these bytes. */
const readies = (received: Buffer): number => received.toString('latin1').split('Z\0\0\0\x05').length - 1
