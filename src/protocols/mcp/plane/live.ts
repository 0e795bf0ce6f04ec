import { createHash } from 'node:crypto'
import type { Mask } from '../../../operations/index.ts'
import { McpError } from '../errors.ts'
import { idKey, type RpcId, type RpcMessage, type RpcRequest } from '../message/index.ts'

/** A client's request that has no answer yet. */
export interface UnderWay {
  readonly method: string
  /** Withdraws it where a person is asked about it. @returns whether that was so: then the server has never seen it */
  cancel(): boolean
}

/** What an answer is the answer to, where it comes by another way than its request went. */
export interface Expected {
  /** Without parameters, but for whether there is a cursor. */
  readonly request: RpcRequest
  /** Those that held when it was admitted. */
  readonly masks: readonly Mask[]
}

const MOST_UNANSWERED = 256
const MOST_ASKED = 256
const MOST_SESSIONS = 10_000
const MOST_TASKS = 10_000

/** One session of MCP, or what a run says without one to one server: over however many connections. */
export class Live {
  readonly #underWay = new Map<string, UnderWay[]>()
  readonly #unanswered = new Map<string, Expected>()
  readonly #asked = new Map<string, string>()
  readonly #own = new Map<string, (message: RpcMessage) => void>()
  /** Whether ids are one client's: then one that is under way cannot come again. */
  readonly #oneClient: boolean
  /** Says something on the one stream that the old dialect answers by; undefined: it is not open. */
  inject: ((message: Buffer) => void) | undefined

  constructor(oneClient: boolean) {
    this.#oneClient = oneClient
  }

  /** @returns what ends it @throws McpError GS_MCP_DUPLICATE_ID */
  begin(id: RpcId, underWay: UnderWay): () => void {
    const key = idKey(id)
    const same = this.#underWay.get(key) ?? []
    if (same.length > 0 && this.#oneClient) throw new McpError('GS_MCP_DUPLICATE_ID')
    this.#underWay.set(key, [...same, underWay])
    return () => {
      const left = (this.#underWay.get(key) ?? []).filter((each) => each !== underWay)
      if (left.length === 0) this.#underWay.delete(key)
      else this.#underWay.set(key, left)
    }
  }

  /** A client cancels. Where several clients may have given the same id, none of theirs is meant. @returns whether the server has never seen it */
  cancel(id: RpcId): boolean {
    const same = this.#underWay.get(idKey(id)) ?? []
    return same.length === 1 && (same[0] as UnderWay).cancel()
  }

  /** Its answer may come on another stream. */
  expect({ request: { id, kind, method, params }, masks }: Expected): void {
    // Of a message of megabytes only what its answer is held against: it may be kept for as long as the session.
    const request: RpcRequest = { kind, id, method, params: params.cursor === undefined ? {} : { cursor: '' } }
    keep(this.#unanswered, idKey(id), { request, masks }, MOST_UNANSWERED)
  }

  /** @returns what was expected, once */
  take(id: RpcId): Expected | undefined {
    return taken(this.#unanswered, idKey(id))
  }

  /** A server's request was passed on. */
  asked(id: RpcId, method: string): void {
    keep(this.#asked, idKey(id), method, MOST_ASKED)
  }

  /** @returns what the server asked for, once */
  answered(id: RpcId): string | undefined {
    return taken(this.#asked, idKey(id))
  }

  /** The gateway itself waits for the answer to this. @returns what ends the wait */
  await(id: RpcId, answer: (message: RpcMessage) => void): () => void {
    this.#own.set(idKey(id), answer)
    return () => void this.#own.delete(idKey(id))
  }

  /** @returns whether the gateway itself waited for it */
  takeOwn(id: RpcId, message: RpcMessage): boolean {
    const answer = taken(this.#own, idKey(id))
    answer?.(message)
    return answer !== undefined
  }

  get idle(): boolean {
    return this.#underWay.size === 0 && this.inject === undefined
  }
}

function keep<T>(map: Map<string, T>, key: string, value: T, most: number): void {
  map.delete(key)
  map.set(key, value)
  if (map.size > most) map.delete(map.keys().next().value as string)
}

function taken<T>(map: Map<string, T>, key: string): T | undefined {
  const value = map.get(key)
  map.delete(key)
  return value
}

/** Every session that is spoken in, the longest unused forgotten first. */
export class LiveSessions {
  readonly #known = new Map<string, Live>()

  /** @param session the server's id of it, or undefined: without one */
  of(run: string, resource: string, session: string | undefined): Live {
    const key = JSON.stringify([run, resource, session ?? null])
    const known = this.#known.get(key) ?? new Live(session !== undefined)
    keep(this.#known, key, known, MOST_SESSIONS)
    return known
  }

  forget(run: string, resource: string, session: string): void {
    this.#known.delete(JSON.stringify([run, resource, session]))
  }

  get size(): number {
    return this.#known.size
  }
}

/** Tasks (MCP 2025-11-25, "Tasks") that servers gave out. To a server all runs are one client, so it cannot tell whose they are. */
export class RunTasks {
  readonly #given = new Map<string, true>()

  given(run: string, resource: string, task: string): void {
    keep(this.#given, keyOf(run, resource, task), true, MOST_TASKS)
  }

  has(run: string, resource: string, task: string): boolean {
    return this.#given.has(keyOf(run, resource, task))
  }
}

/** Ids are as long as a server likes. */
const keyOf = (run: string, resource: string, task: string): string =>
  createHash('sha256')
    .update(JSON.stringify([run, resource, task]))
    .digest('base64')
