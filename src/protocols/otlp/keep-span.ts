import type { AttributeValue, ClaimedSpan, SentSpan } from './span.ts'

const LONGEST_NAME = 128
const LONGEST_VALUE = 256
const MOST_ITEMS = 8
/** 0 says nothing, and 1 is what a span is that says nothing else. */
const KINDS: readonly (string | undefined)[] = [undefined, undefined, 'server', 'client', 'producer', 'consumer']
const STATUSES: readonly (ClaimedSpan['status'] | undefined)[] = [undefined, 'ok', 'error']

/**
 * What is kept of a span: which model, agent, tool and conversation it is about, and what it came to (OpenTelemetry semantic conventions for generative AI).
 * Never what was said: messages, instructions, arguments and results of tools are in attributes too, and are recorded where they pass the gateway.
 */
const KEPT: ReadonlySet<string> = new Set([
  ...['gen_ai.operation.name', 'gen_ai.system', 'gen_ai.provider.name', 'gen_ai.output.type', 'gen_ai.workflow.name'],
  ...['gen_ai.request.model', 'gen_ai.request.max_tokens', 'gen_ai.response.model', 'gen_ai.response.id', 'gen_ai.response.finish_reasons'],
  ...['gen_ai.usage.input_tokens', 'gen_ai.usage.output_tokens', 'gen_ai.usage.cache_read.input_tokens'],
  ...['gen_ai.agent.name', 'gen_ai.agent.id', 'gen_ai.conversation.id', 'gen_ai.data_source.id'],
  ...['gen_ai.tool.name', 'gen_ai.tool.type', 'gen_ai.tool.call.id', 'gen_ai.token.type'],
  ...['mcp.method.name', 'mcp.session.id', 'error.type', 'server.address', 'server.port'],
])

/** Whether a span is about generative AI. */
export function isAboutModels({ attributes }: SentSpan): boolean {
  for (const name of attributes.keys()) if (name.startsWith('gen_ai.')) return true
  return false
}

/** @returns undefined where it is no span: without ids that are some, or at no time */
export function keepSpan(sent: SentSpan): ClaimedSpan | undefined {
  const { trace, span, parent, start, end, service, message } = sent
  const began = momentOf(start)
  if (!isId(trace, 32) || !isId(span, 16) || began === undefined || end < start) return undefined
  const us = (end - start) / 1_000n
  if (us > BigInt(Number.MAX_SAFE_INTEGER)) return undefined
  const kind = KINDS[sent.kind]
  const status = STATUSES[sent.status]
  return {
    ...{ trace, span },
    ...(isId(parent, 16) && { parent }),
    name: plain(sent.name, LONGEST_NAME),
    ...(kind !== undefined && { kind }),
    ...{ start: began, us: Number(us) },
    ...(status !== undefined && { status }),
    ...(message !== '' && { message: plain(message, LONGEST_VALUE) }),
    ...(service !== '' && { service: plain(service, LONGEST_NAME) }),
    attributes: keptAttributes(sent.attributes),
  }
}

function keptAttributes(sent: SentSpan['attributes']): Record<string, AttributeValue> {
  const kept: Record<string, AttributeValue> = {}
  // Not a number, or more than any: JSON has no word for it.
  const isSome = (value: AttributeValue) => typeof value !== 'number' || Number.isFinite(value)
  for (const [name, value] of sent) if (KEPT.has(name) && isSome(value)) kept[name] = keptValue(value)
  return kept
}

function keptValue(value: AttributeValue): AttributeValue {
  if (typeof value === 'string') return plain(value, LONGEST_VALUE)
  return typeof value === 'object' ? value.slice(0, MOST_ITEMS).map((item) => plain(item, LONGEST_NAME)) : value
}

const isId = (text: string, length: number) => text.length === length && /^[0-9a-f]+$/.test(text) && /[^0]/.test(text)

/** @param nanoseconds of 64 bits, or 20 digits: the year 5138 at the latest. @returns undefined for none */
function momentOf(nanoseconds: bigint): string | undefined {
  const ms = Number(nanoseconds / 1_000_000n)
  return ms > 0 ? new Date(ms).toISOString() : undefined
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: nothing that controls a terminal is kept
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/g

function plain(text: string, most: number): string {
  return text.slice(0, most).replace(CONTROL, ' ')
}
