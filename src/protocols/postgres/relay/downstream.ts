import type { Duplex } from 'node:stream'
import type { SessionRecorder } from '../../../recording/index.ts'
import { Outgoing } from './outgoing.ts'

/** Bytes that may wait here until they are recorded. */
const HELD_LIMIT = 1024 * 1024

/**
 * Everything that the client is sent, masked by now, goes through here, and is recorded here, as is the copy data that the target is sent. Where a
 * recording is strict, what the client is sent waits until all that came before is durable, in order.
 */
export class Downstream {
  /** What comes from the target. */
  readonly outgoing: Outgoing
  readonly #recorder: SessionRecorder | undefined
  readonly #client: Duplex
  readonly #strict: boolean
  #held = 0
  #room: () => void = () => undefined
  #recorded: () => void = () => undefined

  constructor(client: Duplex, recorder: SessionRecorder | undefined) {
    this.#client = client
    this.#recorder = recorder
    this.outgoing = new Outgoing(recorder)
    this.#strict = recorder?.strict === true
    recorder?.onRoom(() => {
      this.#recorded()
      this.#tellRoom()
    })
    client.on('drain', () => this.#tellRoom())
  }

  /** Whether enough waits for the client, or to be recorded: whoever gives more should stop until there is room. */
  get full(): boolean {
    return this.#client.writableNeedDrain || this.#held > HELD_LIMIT || this.#recorder?.crowded === true
  }

  /** Whether no more copy data should be taken of the client until it is recorded. Whether the client reads does not matter for that. */
  get crowded(): boolean {
    return this.#recorder?.crowded === true
  }

  /** Calls back whenever more copy data may be taken. */
  onRecorded(call: () => void): void {
    this.#recorded = call
  }

  /** What the target was just sent as copy data, or as its end; see `SessionRecorder`. */
  get copies(): Pick<SessionRecorder, 'copySent' | 'copyEnded'> | undefined {
    return this.#recorder
  }

  /** Calls back where nothing more can be shown, as it cannot be recorded. */
  onLost(call: () => void): void {
    this.#recorder?.onLost(call)
  }

  /** Calls back whenever there is room again. */
  onRoom(call: () => void): void {
    this.#room = call
  }

  /** Whole messages of ours. @param operation of the session that they answer; 0: none */
  say(messages: Uint8Array, operation = 0): void {
    const recorder = this.#recorder
    if (operation > 0) recorder?.op(operation)
    recorder?.messages(messages)
    if (this.#strict) this.#hold(messages.length, () => this.#client.write(messages))
    else {
      this.#client.write(messages)
      recorder?.wrote()
    }
  }

  /** Writes what was added, in one system call where that can be. */
  send(): void {
    if (this.#strict) {
      const parts = this.outgoing.take()
      if (parts.length === 0) {
        this.#recorder?.wrote()
        return
      }
      this.#hold(
        parts.reduce((sum, part) => sum + part.length, 0),
        () => {
          this.#client.cork()
          for (const part of parts) this.#client.write(part)
          this.#client.uncork()
        },
      )
      return
    }
    this.outgoing.send(this.#client)
    this.#recorder?.wrote()
  }

  /** Forgets what was added. */
  drop(): void {
    this.outgoing.drop()
    this.#recorder?.dropped()
  }

  /** The end, behind everything else. @param word said before */
  end(word?: Uint8Array): void {
    if (word) this.#recorder?.messages(word)
    if (this.#strict) this.#hold(0, () => (word ? this.#client.end(word) : this.#client.end()))
    else {
      if (word) this.#client.end(word)
      else this.#client.end()
      this.#recorder?.wrote()
    }
  }

  #hold(bytes: number, write: () => void): void {
    this.#held += bytes
    this.#recorder?.wrote()
    this.#recorder?.whenShown(() => {
      this.#held -= bytes
      if (!this.#client.destroyed) write()
      this.#tellRoom()
    })
  }

  #tellRoom(): void {
    if (!this.full) this.#room()
  }
}
