import type { PinRecords, RecordedTool } from '../pins/index.ts'
import { redactJson } from '../redaction/index.ts'
import type { EntryDraft, EntryKind, PayloadKey, Trail } from '../trail/index.ts'
import type { GatewayLog } from './log.ts'
import { redactedPayload } from './redacted-payload.ts'

/** Tools that one entry tells of at most: each takes two digests of its 65,535 bytes. */
const TOOLS = 200
/** Bytes of definitions that one entry holds, unless it holds one that is larger. */
const CONTENT_BYTES = 4 * 1024 * 1024

/** What MCP servers offer and what of it was pinned, as entries. Digests are of whole definitions; names and definitions are a payload. */
export class ToolRecords implements PinRecords {
  readonly #trail: Pick<Trail, 'note' | 'durable'>
  readonly #key: PayloadKey
  readonly #log: Pick<GatewayLog, 'warn'>

  constructor(trail: Pick<Trail, 'note' | 'durable' | 'subjectKey'>, log: Pick<GatewayLog, 'warn'>) {
    this.#trail = trail
    this.#log = log
    this.#key = trail.subjectKey('gateway')
  }

  seen(resource: string, tools: readonly RecordedTool[]): void {
    for (const entry of this.#entries('tools.seen', resource, tools)) this.#trail.note(entry)
  }

  changed(resource: string, tools: readonly RecordedTool[]): void {
    for (const entry of this.#entries('tools.changed', resource, tools)) this.#trail.note(entry)
    const next = `gatescribe tools diff ${resource}`
    this.#log.warn({ resource, tools: tools.length, next }, 'an MCP server offers other tools than were pinned: they are refused')
  }

  pinnedFirst(resource: string, tools: readonly RecordedTool[]): void {
    for (const entry of this.#entries('tools.pinned', resource, tools, { by: 'first' })) this.#trail.note(entry)
  }

  async pinned(resource: string, tools: readonly RecordedTool[], by: string): Promise<void> {
    await Promise.all(this.#entries('tools.pinned', resource, tools, { by }).map((entry) => this.#trail.durable(entry)))
  }

  async unpinned(resource: string, tools: readonly RecordedTool[], by: string): Promise<void> {
    await Promise.all(this.#entries('tools.unpinned', resource, tools, { by }).map((entry) => this.#trail.durable(entry)))
  }

  #entries(kind: EntryKind, resource: string, tools: readonly RecordedTool[], more: { readonly by?: string } = {}): readonly EntryDraft[] {
    return pieces(tools).map((piece) => {
      const said = piece.map(({ name, digest, definition }) => ({ name, digest, definition }))
      const { fields, payloads } = redactedPayload('tools', this.#key, redactJson(said))
      const digests = piece.map(({ digest, before }) => (before === undefined ? { digest } : { digest, before }))
      return { kind, fields: { resource, tools: digests, ...more, ...fields }, payloads }
    })
  }
}

/** Whether the first list of a resource pins itself. @param resource undefined where it is configured no more */
export function pinModeOf(resource: object | undefined): 'required' | 'first' {
  return resource && 'pin' in resource && resource.pin === 'first' ? 'first' : 'required'
}

function pieces(tools: readonly RecordedTool[]): readonly (readonly RecordedTool[])[] {
  const pieces: RecordedTool[][] = []
  let bytes = 0
  for (const tool of tools) {
    const size = JSON.stringify(tool.definition).length
    const piece = pieces.at(-1)
    if (!piece || piece.length === TOOLS || bytes + size > CONTENT_BYTES) {
      pieces.push([tool])
      bytes = size
      continue
    }
    piece.push(tool)
    bytes += size
  }
  return pieces
}
