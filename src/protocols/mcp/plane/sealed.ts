import { createHmac, timingSafeEqual } from 'node:crypto'

/** What a client is given to show again: the server's id of a session, the id of an event, where the old dialect's messages go. */
export type SealedKind = 'session' | 'event' | 'endpoint'

/** Whose it is. */
export interface SealedFor {
  readonly run: string
  readonly resource: string
}

/** Characters of what is sealed, and of what it becomes. */
const LONGEST = 4_096
const MAC = 22

/**
 * Makes what a server gives out good for one run only. All runs are one client to the server, which therefore cannot tell whose session, stream or
 * endpoint it is: without this, whoever learns an id of another run would speak in its session or read its answers again.
 */
export class Sealed {
  readonly #key: Uint8Array

  /** @param key 32 random bytes; with another one, everything that was given out is unknown */
  constructor(key: Uint8Array) {
    this.#key = key
  }

  /** @returns letters, digits, `-`, `_` and one dot */
  seal(kind: SealedKind, whose: SealedFor, value: string): string {
    return `${Buffer.from(value).toString('base64url')}.${this.#mac(kind, whose, value)}`
  }

  /** @returns undefined where it was not made for this run and resource */
  open(kind: SealedKind, whose: SealedFor, sealed: string): string | undefined {
    if (sealed.length > LONGEST * 2) return undefined
    const [, encoded, mac] = /^([A-Za-z0-9_-]*)\.([A-Za-z0-9_-]+)$/.exec(sealed) ?? []
    if (encoded === undefined || mac?.length !== MAC) return undefined
    const value = Buffer.from(encoded, 'base64url').toString()
    const [own, shown] = [Buffer.from(this.#mac(kind, whose, value)), Buffer.from(mac)]
    return timingSafeEqual(own, shown) ? value : undefined
  }

  #mac(kind: SealedKind, { run, resource }: SealedFor, value: string): string {
    return createHmac('sha256', this.#key)
      .update(JSON.stringify([kind, run, resource, value]))
      .digest('base64url')
      .slice(0, MAC)
  }
}
