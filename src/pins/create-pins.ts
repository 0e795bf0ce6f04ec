import type { PinnedTool, ToolDefinition, ToolPins, ToolStanding } from '../operations/index.ts'
import { PinError } from './errors.ts'
import type { PinRecords, RecordedTool } from './pin-records.ts'
import type { PinStore, StoredPin, StoredTool } from './pin-store.ts'
import { type DigestedTool, digestTool, selectionDigest } from './tool-digest.ts'
import type { PinnableTools, ToolView } from './tool-view.ts'

/** Tools of one server that are kept without being pinned, and their bytes: what is older goes. */
const SEEN_TOOLS = 1_000
const SEEN_BYTES = 8 * 1024 * 1024

export interface PinParts {
  readonly store: PinStore
  readonly records: PinRecords
  /** Whether the first list of a server pins itself. */
  readonly mode: (resource: string) => 'required' | 'first'
  /** ms since the epoch */
  readonly now: () => number
}

/** The pins, and what whoever pins does with them. */
export interface Pins extends ToolPins {
  /** Everything that is pinned or was seen, sorted by resource and name. @param resource all of them where undefined */
  list(resource?: string): readonly ToolView[]
  /**
   * What is not pinned as it is offered, of these names or of all.
   * @throws PinError GS_PINS_NOTHING_SEEN, GS_PINS_UNKNOWN_TOOL
   */
  pinnable(resource: string, names: readonly string[]): PinnableTools
  /**
   * Pins what `pinnable` says. @param digest as it was given there @param by who pins, as entries name them
   * @throws PinError the same, GS_PINS_NOTHING_NEW, GS_PINS_NOT_SHOWN; TrailError: then nothing is pinned
   */
  pin(resource: string, names: readonly string[], digest: string, by: string): Promise<readonly ToolView[]>
  /** Takes pins back: these are refused from now on. @throws PinError GS_PINS_NOT_PINNED; TrailError: then they stay pinned */
  unpin(resource: string, names: readonly string[], by: string): Promise<readonly ToolView[]>
}

interface Known {
  readonly pins: Map<string, StoredPin>
  /** In the order in which they were seen. */
  readonly seen: Map<string, StoredTool>
  seenBytes: number
}

export function createPins({ store, records, mode, now }: PinParts): Pins {
  const resources = new Map<string, Known>()
  const knownOf = (resource: string): Known => {
    const known = resources.get(resource) ?? { pins: new Map(), seen: new Map(), seenBytes: 0 }
    resources.set(resource, known)
    return known
  }
  for (const pin of store.pins()) knownOf(pin.resource).pins.set(pin.name, pin)
  for (const tool of store.seen()) remember(knownOf(tool.resource), tool)

  const putPins = (resource: string, pins: readonly StoredPin[]) => {
    store.pin(pins)
    const known = knownOf(resource)
    for (const pin of pins) {
      known.pins.set(pin.name, pin)
      forget(known, pin.name)
    }
  }

  const list = (resource?: string): readonly ToolView[] => {
    const names = resource === undefined ? [...resources.keys()].sort() : [resource]
    return names.flatMap((name) => {
      const known = resources.get(name)
      return known ? [...new Set([...known.pins.keys(), ...known.seen.keys()])].sort().map((tool) => viewOf(name, tool, known)) : []
    })
  }

  const pinnable = (resource: string, names: readonly string[]): PinnableTools => {
    const known = resources.get(resource)
    if (!known || known.pins.size + known.seen.size === 0) throw new PinError('GS_PINS_NOTHING_SEEN')
    for (const name of names) if (!known.pins.has(name) && !known.seen.has(name)) throw new PinError('GS_PINS_UNKNOWN_TOOL')
    const wanted = names.length === 0 ? [...known.seen.keys()] : [...new Set(names)].filter((name) => known.seen.has(name))
    const offered = wanted.map((name) => known.seen.get(name)!)
    return {
      tools: wanted.sort().map((name) => viewOf(resource, name, known)),
      digest: offered.length === 0 ? undefined : selectionDigest(offered),
    }
  }

  return {
    check(resource, tools) {
      const known = knownOf(resource)
      const isFirst = mode(resource) === 'first' && known.pins.size === 0 && known.seen.size === 0
      const given = tools.map(digestTool)
      const times = new Map<string, number>()
      for (const tool of given) if ('digest' in tool) times.set(tool.name, (times.get(tool.name) ?? 0) + 1)
      const fresh: DigestedTool[] = []
      const back: string[] = []
      const standings = given.map((tool, place): ToolStanding => {
        // A name that is not text is somebody's mistake, and not repeated.
        const said = tools[place]!.name
        if ('why' in tool) return { name: typeof said === 'string' ? said : '', standing: 'refused', why: tool.why }
        const { name, digest } = tool
        if (times.get(name)! > 1) return { name, standing: 'refused', why: 'another tool of the same list has this name too' }
        const pin = known.pins.get(name)
        if (pin?.digest === digest) {
          if (known.seen.has(name)) back.push(name)
          return { name, digest, standing: 'pinned' }
        }
        if (known.seen.get(name)?.digest !== digest) fresh.push(tool)
        return { name, digest, standing: isFirst ? 'pinned' : pin ? 'changed' : 'unpinned' }
      })
      if (isFirst) pinFirst(resource, fresh)
      else if (fresh.length > 0 || back.length > 0) see(resource, known, fresh, back)
      return standings
    },

    definition(resource, name): PinnedTool | undefined {
      const known = resources.get(resource)
      const pin = known?.pins.get(name)
      if (!pin) return undefined
      return { name, digest: pin.digest, definition: definitionOfPin(pin), standing: known!.seen.has(name) ? 'changed' : 'pinned' }
    },

    list,
    pinnable,

    async pin(resource, names, digest, by) {
      const shown = pinnable(resource, names)
      if (shown.digest === undefined) throw new PinError('GS_PINS_NOTHING_NEW')
      if (shown.digest !== digest) throw new PinError('GS_PINS_NOT_SHOWN')
      const known = knownOf(resource)
      const chosen = shown.tools.map(({ name }) => known.seen.get(name)!)
      await records.pinned(
        resource,
        chosen.map((tool) => recorded(tool, known.pins.get(tool.name))),
        by,
      )
      // What the server offers by now may be something else: that is seen, and what was looked at is pinned all the same.
      const newer = chosen.map(({ name }) => known.seen.get(name)).filter((tool) => tool !== undefined)
      const at = now()
      putPins(
        resource,
        chosen.map((tool) => ({ ...tool, at, by })),
      )
      const changed = newer.filter((tool) => known.pins.get(tool.name)?.digest !== tool.digest)
      if (changed.length > 0) {
        store.see(changed, [])
        for (const tool of changed) remember(known, tool)
      }
      return shown.tools.map(({ name }) => viewOf(resource, name, known))
    },

    async unpin(resource, names, by) {
      const known = resources.get(resource)
      const pins = [...new Set(names)].map((name) => known?.pins.get(name))
      if (!known || !pins.every((pin) => pin !== undefined)) throw new PinError('GS_PINS_NOT_PINNED')
      await records.unpinned(
        resource,
        pins.map((pin) => recorded(pin, undefined)),
        by,
      )
      // Kept as seen, so that it can be looked at and pinned again, and no list is a first one any more.
      const again = pins.filter(({ name }) => !known.seen.has(name)).map(({ by: _, ...tool }) => ({ ...tool, at: now() }))
      store.unpin(pins, again)
      for (const { name } of pins) known.pins.delete(name)
      for (const tool of again) remember(known, tool)
      return pins.map(({ name }) => viewOf(resource, name, known))
    },
  }

  function pinFirst(resource: string, tools: readonly DigestedTool[]): void {
    if (tools.length === 0) return
    const at = now()
    const pins = tools.map((tool): StoredPin => ({ resource, ...tool, at, by: 'first' }))
    records.pinnedFirst(
      resource,
      pins.map((pin) => recorded(pin, undefined)),
    )
    putPins(resource, pins)
  }

  function see(resource: string, known: Known, fresh: readonly DigestedTool[], back: readonly string[]): void {
    const at = now()
    const seen = fresh.map((tool): StoredTool => ({ resource, ...tool, at }))
    const [changed, unknown] = [seen.filter(({ name }) => known.pins.has(name)), seen.filter(({ name }) => !known.pins.has(name))]
    if (unknown.length > 0)
      records.seen(
        resource,
        unknown.map((tool) => recorded(tool, undefined)),
      )
    if (changed.length > 0)
      records.changed(
        resource,
        changed.map((tool) => recorded(tool, known.pins.get(tool.name))),
      )
    for (const name of back) forget(known, name)
    for (const tool of seen) remember(known, tool)
    const gone = [...back, ...shrink(known)]
    const kept = seen.filter(({ name }) => known.seen.has(name))
    store.see(
      kept,
      gone.map((name) => ({ resource, name })),
    )
  }
}

function recorded({ name, digest, text }: StoredTool, before: StoredPin | undefined): RecordedTool {
  return { name, digest, definition: definitionOf(text), ...(before && { before: before.digest }) }
}

function viewOf(resource: string, name: string, known: Known): ToolView {
  const pin = known.pins.get(name)
  const offered = known.seen.get(name)
  return {
    resource,
    name,
    standing: pin ? (offered ? 'changed' : 'pinned') : 'unpinned',
    ...(pin && { pinned: { digest: pin.digest, definition: definitionOf(pin.text), at: pin.at, by: pin.by } }),
    ...(offered && { offered: { digest: offered.digest, definition: definitionOf(offered.text), at: offered.at } }),
  }
}

/** It was written by `digestTool`, of a definition. */
const definitionOf = (text: string) => JSON.parse(text) as ToolDefinition

/** Each call of a tool asks for it: it is read once. */
const definitions = new WeakMap<StoredPin, ToolDefinition>()

function definitionOfPin(pin: StoredPin): ToolDefinition {
  const known = definitions.get(pin) ?? definitionOf(pin.text)
  definitions.set(pin, known)
  return known
}

function remember(known: Known, tool: StoredTool): void {
  forget(known, tool.name)
  known.seen.set(tool.name, tool)
  known.seenBytes += tool.text.length
}

function forget(known: Known, name: string): void {
  const before = known.seen.get(name)
  if (!before) return
  known.seen.delete(name)
  known.seenBytes -= before.text.length
}

/** That a pinned tool is another one now is never forgotten, whatever else a server offers. @returns names of what is kept no more */
function shrink(known: Known): readonly string[] {
  const gone: string[] = []
  for (const name of known.seen.keys()) {
    if (known.seen.size <= SEEN_TOOLS && known.seenBytes <= SEEN_BYTES) break
    if (known.pins.has(name)) continue
    forget(known, name)
    gone.push(name)
  }
  return gone
}
