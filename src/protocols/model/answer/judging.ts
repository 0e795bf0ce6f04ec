import type { CodedError, Json } from '../../../operations/index.ts'
import type { ToolCall, ToolCalls } from './tool-calls.ts'
import type { Used } from './used.ts'

/** Says of a tool call that an answer names whether its client may see it. */
export interface CallJudge {
  /** Whether it may be shown as far as it has come, has to be judged now, or once its arguments are all there: a person is asked, who has to see them. */
  verdict(call: ToolCall): 'show' | 'judge' | 'judge whole'
  /** @param whole whether its arguments are all there. @returns why it may not */
  judge(call: ToolCall, whole: boolean): Promise<CodedError | undefined>
}

/** What is read of an answer while it passes. */
export interface AnswerReading {
  readonly calls: ToolCalls
  readonly used: Used
  readonly judge: CallJudge
}

/** Numbers that are none in JSON, and that the clients of some servers read all the same. */
const NO_NUMBERS = /(?<![\w"])-?(?:NaN|Infinity)(?![\w"])/g

/**
 * What the data of an event says to its client.
 * @returns undefined: nothing that any client could read
 */
export function readable(data: string, json: Json | undefined): Json | undefined {
  if (json !== undefined) return json
  try {
    return JSON.parse(data.replace(NO_NUMBERS, 'null')) as Json
  } catch {
    return undefined
  }
}
