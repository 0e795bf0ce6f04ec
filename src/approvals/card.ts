import { isUtf8 } from 'node:buffer'
import { type EffectiveOperation, type EffectivePart, type Facts, factsWithoutContent, quotesClient } from '../operations/index.ts'
import { redactJson, redactText } from '../redaction/index.ts'
import type { PayloadDraft, PayloadKey } from '../trail/index.ts'
import type { AskedFor, CardContent } from './approvals.ts'

/** A card without the parts' own bytes. */
interface CardFrame {
  readonly protocol: EffectiveOperation['protocol']
  readonly resource: string
  readonly database?: string
  readonly parts: readonly Omit<EffectivePart, 'content'>[]
  readonly session: Readonly<Record<string, string>>
  readonly facts: readonly Facts[]
  readonly stream: boolean
  readonly claimed?: { readonly message?: string }
}

/**
 * What is asked for, to be sealed in the store and shown to approvers: exactly, but where the protocol knows values in it that are nobody's to see, or
 * says in text what would be forwarded in another form.
 */
export function packCard({ effective, claimed }: Pick<AskedFor, 'effective' | 'claimed'>): Buffer {
  const parts = effective.parts.map(({ content, recorded }) => Buffer.from(recorded ?? content).toString('base64'))
  return Buffer.from(JSON.stringify({ ...frameOf(effective, claimed), contents: parts }))
}

/** @param packed by `packCard` */
export function unpackCard(packed: Uint8Array): Omit<CardContent, 'names'> {
  const { contents, ...frame } = JSON.parse(Buffer.from(packed).toString()) as CardFrame & { contents: readonly string[] }
  return contentOf(
    frame,
    contents.map((content) => Buffer.from(content, 'base64')),
  )
}

/**
 * The same as payloads of `approval.asked`: `card`, and the bytes of each part in `part.<n>`, from 1. What the agent wrote stands in
 * neither but in `claim`.
 */
export function cardPayloads({ effective, redacted, claimed }: AskedFor, key: PayloadKey): readonly PayloadDraft[] {
  const parts = redacted ?? effective.parts
  const message = claimed?.message
  return [
    { name: 'card', key, content: recordedFrame(frameOf({ ...effective, parts }, undefined)) },
    ...parts.map(({ content }, at) => ({ name: `part.${at + 1}`, key, content })),
    ...(message === undefined ? [] : [{ name: 'claim', key, content: redactText(Buffer.from(message)).content }]),
  ]
}

/** @param payloads of `approval.asked`, by name. @returns undefined where they were erased or pruned */
export function recordedCard(payloads: ReadonlyMap<string, Uint8Array>): Omit<CardContent, 'names'> | undefined {
  const card = payloads.get('card')
  if (card === undefined) return undefined
  const frame = JSON.parse(Buffer.from(card).toString()) as CardFrame
  const contents = frame.parts.map((_, at) => payloads.get(`part.${at + 1}`))
  if (contents.includes(undefined)) return undefined
  const claim = payloads.get('claim')
  const claimed = claim === undefined || !isUtf8(claim) ? undefined : { message: Buffer.from(claim).toString() }
  return contentOf({ ...frame, ...(claimed && { claimed }) }, contents as Uint8Array[])
}

/** Facts of requests may quote what is secret: an argument of a command, a selector. */
function recordedFrame(frame: CardFrame): Uint8Array {
  return frame.facts.some(quotesClient) ? redactJson(frame).content : Buffer.from(JSON.stringify(frame))
}

function frameOf({ parts, facts, ...rest }: EffectiveOperation, claimed: AskedFor['claimed']): CardFrame {
  return {
    ...rest,
    facts: facts.map(factsWithoutContent),
    parts: parts.map(({ label, detail }) => ({ label, ...(detail && { detail }) })),
    ...(claimed?.message !== undefined && { claimed }),
  }
}

function contentOf({ claimed, parts, ...rest }: CardFrame, contents: readonly Uint8Array[]): Omit<CardContent, 'names'> {
  const effective = { ...rest, parts: parts.map((part, at) => ({ ...part, content: contents[at] as Uint8Array })) }
  return { effective, ...(claimed && { claimed }) }
}
