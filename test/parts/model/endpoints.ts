import { message, messageEvents, readMessages } from './anthropic-messages.ts'
import { chatAnswer, chatEvents, readChat } from './openai-chat.ts'
import { readResponses, response, responseEvents } from './openai-responses.ts'
import { completion, completionEvents, readCompletion } from './other-endpoints.ts'
import type { Asked, Ready, Turn } from './script.ts'
import type { Json, ServerEvent } from './wire.ts'

/** How one endpoint that answers from the script is asked, and answers. */
export interface Endpoint {
  /** @param before what was said up to the response that `previous_response_id` names */
  read(body: Json, before?: readonly Turn[]): Asked
  whole(id: string, asked: Asked, answer: Ready, body: Json): Json
  events(id: string, asked: Asked, answer: Ready, body: Json): Iterable<ServerEvent>
}

const CHAT: Endpoint = { read: readChat, whole: chatAnswer, events: chatEvents }

/** By the end of the path: each API puts its own base path before it. */
const SCRIPTED: readonly (readonly [path: RegExp, Endpoint])[] = [
  [/^(\/v1|\/openai\/deployments\/[\w.-]+|\/openai\/v1)\/chat\/completions$/, CHAT],
  [/^(\/v1|\/openai|\/openai\/v1)\/responses$/, { read: readResponses, whole: response, events: responseEvents }],
  [/^\/v1\/messages$/, { read: readMessages, whole: message, events: messageEvents }],
  [/^(\/v1|\/openai\/deployments\/[\w.-]+)\/completions$/, { read: readCompletion, whole: completion, events: completionEvents }],
]

export function scriptedEndpoint(path: string): Endpoint | undefined {
  return SCRIPTED.find(([pattern]) => pattern.test(path))?.[1]
}

/** The shape in which the API that this path belongs to says no. */
export function errorBody(path: string, status: number, text: string, type = 'invalid_request_error'): Json {
  if (isAnthropic(path))
    return { type: 'error', error: { type: status === 401 ? 'authentication_error' : type, message: text }, request_id: null }
  return { error: { message: text, type, param: null, code: status === 401 ? 'invalid_api_key' : null } }
}

/** @param path with its query or without */
export function isAnthropic(path: string): boolean {
  return /^\/v1\/messages(?:[/?]|$)/.test(path)
}
