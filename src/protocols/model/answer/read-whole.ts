import type { Readable } from 'node:stream'
import type { CodedError, Json } from '../../../operations/index.ts'
import type { Redactor } from '../../http/index.ts'
import { ModelError } from '../errors.ts'
import { isObject } from '../request/json.ts'
import { type AnswerReading, readable } from './judging.ts'

/** An answer that is not streamed is held whole, up to this: images come in base64. Bytes. */
export const LONGEST_ANSWER = 64 * 1024 * 1024

/** @throws ModelError where it is too long; whatever the body breaks with */
export async function wholeAnswer(body: Readable, redactor: Redactor): Promise<Buffer> {
  const pieces: Buffer[] = []
  let size = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > LONGEST_ANSWER) throw new ModelError('GS_MODEL_ANSWER_UNREADABLE')
    pieces.push(chunk)
  }
  // At once: whatever is found in it is found, wherever it was cut.
  return Buffer.concat([redactor.push(Buffer.concat(pieces, size), performance.now()), redactor.end()])
}

/**
 * Judges every tool call of a whole answer, before anything of it is shown.
 * @returns why it may not be shown
 * @throws ModelError where it is none that a client could read
 */
export async function judgeWhole(bytes: Buffer, { calls, used, judge }: AnswerReading): Promise<CodedError | undefined> {
  const text = bytes.toString('utf8')
  const json = readable(text, parsed(text))
  if (!isObject(json)) throw new ModelError('GS_MODEL_ANSWER_UNREADABLE')
  used.read(json)
  for (const call of calls.read(json)) {
    if (judge.verdict(call) === 'show') continue
    const refusal = await judge.judge({ ...call }, true)
    if (refusal) return refusal
  }
  return undefined
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}
