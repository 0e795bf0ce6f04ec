import { type Claims, claimsOf } from '../../../operations/index.ts'
import { isObject, type JsonObject, listOf, stringOf } from './json.ts'

/** Frameworks say with each message which of their agents speaks (`messages[].name` of chat completions). Who asks now is whom the last of them names. */
export function agentClaim({ messages }: JsonObject): Claims | undefined {
  const named = listOf(messages).findLast((message) => isObject(message) && stringOf(message.name) !== undefined)
  const name = isObject(named) ? stringOf(named.name) : undefined
  return name === undefined ? undefined : claimsOf([['agent', name]])
}
