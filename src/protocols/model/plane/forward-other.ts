import { changedAnswer, forward, inOrder, lookedInto } from '../../http/index.ts'
import { usageInPassing } from '../answer/usage-in-passing.ts'
import { priced } from '../request/cost.ts'
import { type ModelCall, recordedHead, upstreamOf } from './model-call.ts'

/** What does not speak, and calls no tools: lists, embeddings, and whatever else an API has. Passes as it comes. */
export async function forwardOther(call: ModelCall): Promise<void> {
  const { exchange, asked, admitted, resource, maskKey, refuse, failed } = call
  const { decision, admission } = admitted
  const masks = decision.masks ?? []
  const changing = { masks, maskKey, base: exchange.request.base, method: asked.target.method }
  let completed = false
  await forward({
    ...{ exchange, admitted, refuse, recorded: recordedHead(call) },
    request: upstreamOf(call, lookedInto(asked.target.headers, masks)),
    change(answer, target) {
      completed = answer.status < 400
      const changed = changedAnswer(answer, target, changing)
      if (!asked.cost) return changed
      if (!completed) {
        admission.spent({ inputTokens: 0, outputTokens: 0 })
        return changed
      }
      const reading = usageInPassing((usage) => admission.spent(priced(resource, asked.model, usage)))
      return { ...changed, body: inOrder(reading, changed.body) }
    },
  })
  if (!completed) failed()
}
