import type { Json } from './wire.ts'

/** The text of a message's content: a string, or parts of which some are text. */
export function textOf(content: unknown): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return (content as Json[]).map((part) => (typeof part.text === 'string' ? part.text : textOf(part.content))).join('')
}
