import { Refusal, type ToolDefinition, type ToolPins } from '../../../operations/index.ts'
import { OfferedNames } from '../judge/index.ts'
import { isObject, type JsonObject } from '../message/index.ts'

/** What was seen of a server's tools is looked at again after this, before one is called; ms. */
const FRESH_MS = 60_000

/** What one server offers, as the gateway has seen it: over all runs, as to the server they are one client. */
export class Offers {
  readonly tools = new OfferedNames()
  readonly prompts = new OfferedNames()
  #seen: number | undefined
  #paged: boolean | undefined
  #changes = 0

  /** How often it said that they have changed. */
  get changes(): number {
    return this.#changes
  }

  /**
   * All of its tools have been seen.
   * @param now ms, of any clock that does not go back. @param paged whether in several pages. @param changes as they were when the list was asked for: it may be of before the last one
   */
  seen(now: number, paged: boolean, changes: number): void {
    this.#paged = paged
    if (changes === this.#changes) this.#seen = now
  }

  /**
   * Whether all of it has to be looked at before a first page is shown: what stands on a later one may look like something on the first, and what pins
   * itself when it is seen first does so as a whole.
   */
  isUnknown(now: number): boolean {
    return this.#paged === undefined || (this.#paged && !this.#isNew(now))
  }

  /** It says that they have changed. */
  changed(): void {
    this.#changes++
    this.#seen = undefined
  }

  /** Whether what is known of a tool is new enough to call it. */
  isFresh(name: string, now: number): boolean {
    return this.#isNew(now) && this.tools.has(name)
  }

  #isNew(now: number): boolean {
    return this.#seen !== undefined && now - this.#seen < FRESH_MS
  }
}

/** By the name of the resource. */
export class AllOffers {
  readonly #known = new Map<string, Offers>()

  of(resource: string): Offers {
    const known = this.#known.get(resource) ?? new Offers()
    this.#known.set(resource, known)
    return known
  }
}

/** A page of a list of tools, as far as it is one. */
export interface Page {
  readonly definitions: readonly ToolDefinition[]
  readonly nextCursor: string | undefined
}

export function pageOf(result: JsonObject): Page {
  const { tools, nextCursor } = result
  return {
    definitions: (Array.isArray(tools) ? tools : []).filter((each) => isObject(each) && typeof each.name === 'string') as ToolDefinition[],
    nextCursor: typeof nextCursor === 'string' ? nextCursor : undefined,
  }
}

/** Takes down a page of a list. @param first whether it has no cursor */
export function takeDown(names: OfferedNames, page: readonly { readonly name: string }[], first: boolean, last: boolean): void {
  if (first) names.begin()
  for (const { name } of page) names.add(name)
  if (last) names.complete()
}

/**
 * Whether a tool may be called as far as its definition goes. It must be what somebody pinned, be offered still, and look like no other.
 * @returns why not
 */
export function standingOf(offers: Offers, pins: ToolPins, resource: string, name: string): Refusal | undefined {
  if (offers.tools.collides(name)) return new Refusal('GS_MCP_NAMES_COLLIDE')
  const pinned = pins.definition(resource, name)
  const command = {
    next: `Do not retry; report that an operator has to run \`gatescribe tools diff ${resource}\`, and pin what they find right.`,
  }
  if (pinned?.standing === 'changed') return new Refusal('GS_MCP_TOOL_CHANGED', command)
  if (pinned === undefined) return new Refusal('GS_MCP_TOOLS_NOT_PINNED', command)
  if (offers.tools.has(name)) return undefined
  return new Refusal('GS_MCP_TOOLS_NOT_PINNED', {
    ...command,
    reason: 'The server does not offer this tool any more, so what was pinned of it says nothing.',
  })
}
