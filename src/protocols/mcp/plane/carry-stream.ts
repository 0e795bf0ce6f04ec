import { failed, govern, isAdmitted, Timed, type UpstreamAnswer } from '../../http/index.ts'
import { END_SESSION, OPEN_STREAM, wordlessOperation } from '../judge/index.ts'
import { passOn } from './pass-on.ts'
import { say } from './say.ts'
import type { Talk } from './talk.ts'

/** GET: the stream of what a server says by itself, or one that is taken up again; in the old dialect of everything that it says. */
export const carryStream = (talk: Talk): Promise<void> => wordless(talk, 'GET')

/** DELETE: the session is over. */
export async function endSession(talk: Talk): Promise<void> {
  await wordless(talk, 'DELETE')
  if (talk.session !== undefined) talk.live.forget(talk.whose.run, talk.whose.resource, talk.session)
}

async function wordless(talk: Talk, method: 'GET' | 'DELETE'): Promise<void> {
  const { exchange, resource, path, headers, maskKey } = talk
  const operation = method === 'GET' ? wordlessOperation(OPEN_STREAM, '', resource.name) : wordlessOperation(END_SESSION, '', resource.name)
  const effective = () => ({
    ...{ protocol: 'mcp' as const, resource: resource.name, parts: [{ label: 'request', content: operation.statement.text }] },
    ...{ session: {}, facts: operation.facts ? [operation.facts] : [], stream: false },
  })
  const judged = await govern(exchange, { operation, effective }, exchange.signal)
  if (!isAdmitted(judged)) return say(exchange, judged.refusal, { dialect: talk.dialect }, judged.number)
  const { admission, decision, number } = judged
  const timed = new Timed(exchange.signal, admission)
  let answer: UpstreamAnswer | undefined
  let sent = false
  try {
    const masks = decision.masks ?? []
    exchange.session.exchanges?.request(number, { method, target: exchange.request.rawPath })
    const key = masks.length > 0 ? await maskKey() : undefined
    const target = await exchange.target()
    timed.signal.throwIfAborted()
    sent = true
    answer = await target.request({ method, path, headers }, timed.signal)
    await passOn({ talk, admission, answer, target, request: undefined, masks, key, signal: timed.signal })
    admission.settle({ status: answer.status < 400 ? 'completed' : 'failed', code: String(answer.status) })
  } catch (error) {
    answer?.body.destroy()
    failed(exchange, admission, error, { sent, status: answer?.status }, (spoken) =>
      say(exchange, spoken, { dialect: talk.dialect }, undefined),
    )
  } finally {
    timed.stop()
  }
}
