import { type Facts, type Operation, Refusal } from '../../../operations/index.ts'
import { type Exchange, govern, isAdmitted } from '../../http/index.ts'
import type { CallJudge } from '../answer/judging.ts'
import type { ToolCall } from '../answer/tool-calls.ts'
import { answerFacts } from '../request/facts.ts'

/**
 * Judges the tool calls of one answer: each is an operation of its own, of form `answer`, with what is known of the request. Only what is not simply
 * allowed goes the whole way: a refusal is recorded before it is said, and a person can be asked.
 * @param request facts of the request @param target canonical, of the request
 */
export function answerJudge(exchange: Exchange, request: Facts, target: string, signal: AbortSignal): CallJudge {
  const { guard, session, resource } = exchange
  const operations = new Map<string, Operation>()
  const operationOf = ({ name, arguments: said }: ToolCall, whole: boolean): Operation => ({
    protocol: 'model',
    form: 'answer',
    statement: { text: Buffer.from(`ANSWER ${target}\n\n${JSON.stringify(whole ? { tool: name, arguments: said } : { tool: name })}`) },
    facts: factsFor(name),
  })
  const facts = new Map<string, Facts>()
  const factsFor = (name: string): Facts => {
    const known = facts.get(name) ?? answerFacts(request, name)
    facts.set(name, known)
    return known
  }
  return {
    verdict(call) {
      const operation = operations.get(call.name) ?? operationOf(call, false)
      operations.set(call.name, operation)
      const { effect, ask } = guard.decide(session, operation)
      if (effect === 'allow') return 'show'
      return effect === 'ask' && guard.asksPeople && ask?.stream !== true ? 'judge whole' : 'judge'
    },
    async judge(call, whole) {
      const operation = operationOf(call, whole)
      const effective = () => {
        if (!whole && guard.decide(session, operation).ask?.stream === false) {
          throw new Refusal('GS_APPROVAL_UNAVAILABLE', {
            reason: 'What the tool would be called with is not known when persons are asked, and no rule lets them approve it unseen.',
            next: 'Ask for the same without streaming, or ask the owner of the rule for stream: true.',
          })
        }
        return {
          ...{ protocol: 'model' as const, resource: resource.name, session: {}, stream: !whole },
          parts: [{ label: 'request', content: operation.statement.text }],
          facts: operation.facts ? [operation.facts] : [],
        }
      }
      const answer = await govern(exchange, { operation, effective }, signal)
      if (!isAdmitted(answer)) return aboutTool(answer.refusal, call.name, request.model?.tools ?? [])
      answer.admission.settle({ status: 'completed' })
      return undefined
    },
  }
}

/** Its client never sees what was refused, so it is told which tool that was: by a name of its own, and no other word of the model's. */
function aboutTool(refusal: Refusal, name: string, offered: readonly string[]): Refusal {
  const tool = offered.includes(name) ? `the tool "${name}"` : 'a tool that was not offered'
  return new Refusal(refusal.code, {
    ...{ rule: refusal.rule, ticket: refusal.ticket, retryAfter: refusal.retryAfter, next: refusal.next },
    reason: `The model's answer calls ${tool}. ${refusal.message}`,
  })
}
