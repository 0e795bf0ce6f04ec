import type { Json } from '../../../operations/index.ts'
import { SAID_AGAIN } from './texts.ts'

export type JsonObject = { [name: string]: Json }

/** A piece of a text that an event of a stream brings. */
export interface Piece {
  /** Of which text: pieces with the same are one text. */
  readonly of: string
  /** Whether all of it together is JSON, such as what a tool is called with. */
  readonly kind: 'prose' | 'arguments'
  readonly text: string
  /** Where it stands. */
  readonly holder: JsonObject
  readonly member: string
  /** An event with more of the same text and of nothing else. */
  more(text: string): Json
}

/** Which texts an event ends: those that begin with one of these; `''`: all. */
export type Ended = readonly string[]

const isObject = (value: Json | undefined): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Members of a piece that are no text. */
const NO_TEXT: ReadonlySet<string> = new Set(['role', 'type', 'id', 'name', 'signature', 'format', 'thought_signature', 'index'])
const ARGUMENTS: ReadonlySet<string> = new Set(['arguments', 'partial_json'])
/** What is said of the whole of an event, and would count twice. */
const ONCE: ReadonlySet<string> = new Set(['usage', 'obfuscation', 'error', ...SAID_AGAIN])

/** Pieces of texts in an event: OpenAI's chunks and events, Anthropic's events, and what looks like them. */
export function piecesOf(event: Json): readonly Piece[] {
  if (!isObject(event)) return []
  if (Array.isArray(event.choices)) return event.choices.flatMap((choice) => (isObject(choice) ? ofChoice(event, choice) : []))
  const { type, delta } = event
  if (typeof type !== 'string') return []
  if (type === 'content_block_delta' && isObject(delta)) return ofBlock(event, delta)
  return type.endsWith('.delta') && typeof delta === 'string' && !AUDIO.test(type) ? [ofEvent(event, type, delta)] : []
}

const AUDIO = /audio\.delta$/

/** Chat completions: `delta`, however deep; completions: `text`. */
function ofChoice(event: JsonObject, choice: JsonObject): Piece[] {
  const base = `choice ${numberOf(choice.index)} `
  const chunk = (more: JsonObject): Json => ({
    ...without(event, ONCE),
    choices: [{ index: numberOf(choice.index), ...more, ...('finish_reason' in choice && { finish_reason: null }) }],
  })
  const pieces: Piece[] = []
  if (typeof choice.text === 'string') {
    const more = (masked: string) => chunk({ text: masked })
    pieces.push({ of: `${base}text`, kind: 'prose', text: choice.text, holder: choice, member: 'text', more })
  }
  if (isObject(choice.delta)) within(choice.delta, `${base}delta`, (delta) => chunk({ delta }), pieces)
  return pieces
}

/** No delta is deeper; what is behind is no piece of a text. */
const DEEPEST = 32

/** Every text within a delta. @param wrap makes an event of a delta that holds one of them alone */
function within(object: JsonObject, of: string, wrap: (alone: JsonObject) => Json, pieces: Piece[], depth = 0): void {
  if (depth > DEEPEST) return
  const kept = Object.fromEntries(['index', 'type'].flatMap((name) => (name in object ? [[name, object[name] as Json]] : [])))
  for (const [name, value] of Object.entries(object)) {
    if (NO_TEXT.has(name)) continue
    const path = `${of}.${name}`
    if (typeof value === 'string') {
      const more = (masked: string) => wrap({ ...kept, [name]: masked })
      pieces.push({ of: path, kind: ARGUMENTS.has(name) ? 'arguments' : 'prose', text: value, holder: object, member: name, more })
    } else if (isObject(value)) within(value, path, (alone) => wrap({ ...kept, [name]: alone }), pieces, depth + 1)
    else if (Array.isArray(value)) {
      for (const [at, element] of value.entries()) {
        if (!isObject(element)) continue
        within(element, `${path}.${numberOf(element.index, at)}`, (alone) => wrap({ ...kept, [name]: [alone] }), pieces, depth + 1)
      }
    }
  }
}

/** Anthropic: `content_block_delta`. */
function ofBlock(event: JsonObject, delta: JsonObject): Piece[] {
  const pieces: Piece[] = []
  within(delta, `block ${numberOf(event.index)} `, (alone) => ({ ...event, delta: alone }), pieces)
  return pieces
}

/** OpenAI's responses: `response.….delta`. */
function ofEvent(event: JsonObject, type: string, delta: string): Piece {
  return {
    of: `${itemOf(event)}${partOf(event)}${type.slice(0, -'.delta'.length)} `,
    kind: /arguments\.delta$/.test(type) ? 'arguments' : 'prose',
    text: delta,
    holder: event,
    member: 'delta',
    more: (masked) => ({ ...without(event, ONCE), delta: masked }),
  }
}

const itemOf = ({ output_index, item_id }: JsonObject) => `item ${numberOf(output_index)} ${typeof item_id === 'string' ? item_id : ''} `
const partOf = ({ content_index, summary_index }: JsonObject) => `${numberOf(content_index)} ${numberOf(summary_index)} `

/** What an event ends. */
export function endedBy(event: Json): Ended {
  if (!isObject(event)) return []
  if (Array.isArray(event.choices)) {
    return event.choices.flatMap((choice) =>
      isObject(choice) && choice.finish_reason !== undefined && choice.finish_reason !== null ? [`choice ${numberOf(choice.index)} `] : [],
    )
  }
  const { type } = event
  if (typeof type !== 'string') return 'error' in event ? [''] : []
  if (type === 'content_block_stop') return [`block ${numberOf(event.index)} `]
  if (ENDS_ALL.test(type)) return ['']
  if (type === 'response.output_item.done') return [`item ${numberOf(event.output_index)} `]
  if (!type.endsWith('.done')) return []
  const item = itemOf(event)
  return type === 'response.content_part.done' ? [`${item}${partOf(event)}`] : [`${item}${partOf(event)}${type.slice(0, -'.done'.length)} `]
}

const ENDS_ALL = /^(?:message_delta|message_stop|error|response\.(?:completed|incomplete|failed|cancelled|done))$/

function numberOf(value: Json | undefined, otherwise = 0): number {
  return typeof value === 'number' ? value : otherwise
}

function without(object: JsonObject, names: ReadonlySet<string>): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !names.has(name)))
}
