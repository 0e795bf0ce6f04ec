import type { Waiting } from '../../../guard/index.ts'
import { isObject, type RpcRequest, writeMessage } from '../message/index.ts'
import type { Live } from './live.ts'
import type { Reply } from './reply.ts'
import { acceptsEvents } from './speak.ts'

/**
 * While a person is asked, whoever asked is told, where it can be: progress, if it gave a token for that, and signs of life.
 * @param conversation of the old dialect, which answers on its own stream; undefined: on the answer itself
 */
export function hold(
  { params }: RpcRequest,
  { id, link }: Waiting,
  reply: Reply,
  headers: Parameters<typeof acceptsEvents>[0],
  conversation: Live | undefined,
): void {
  const token = isObject(params._meta) ? params._meta.progressToken : undefined
  let times = 0
  // Far below whatever the server may say later: progress only grows.
  const progress = () =>
    writeMessage({
      ...{ kind: 'notification', method: 'notifications/progress' },
      params: { progressToken: token ?? null, progress: ++times * 1e-6, message: `A person has to approve this first (${id}): ${link}` },
    })
  if (conversation) {
    if (token !== undefined) conversation.inject?.(progress())
  } else if (acceptsEvents(headers)) reply.hold(token === undefined ? undefined : progress)
}
