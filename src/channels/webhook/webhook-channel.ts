import { randomBytes } from 'node:crypto'
import type { RequestView } from '../../approvals/index.ts'
import type { Reference } from '../../credentials/index.ts'
import type { ApprovalId } from '../../operations/index.ts'
import { post, signature } from '../../outbound/index.ts'
import type { Channel, ChannelLog } from '../channel.ts'
import { examined } from '../examine.ts'
import { NotTaken, Outbox, type OutboxOptions } from '../outbox.ts'
import type { WebhookSettings } from '../settings.ts'

export interface WebhookParts {
  readonly secretOf: (reference: Reference) => Promise<string>
  /** A request in the form that the API has for it. */
  readonly describe: (request: RequestView) => unknown
  readonly log: ChannelLog
  readonly backOff?: NonNullable<OutboxOptions<string>['backOff']>
}

/** Requests whose last event is remembered. */
const MOST_TOLD = 10_000

/** Tells somebody outside what becomes of requests. It holds nothing of what is asked for, and nothing that comes back decides anything. */
export function webhookChannel(settings: WebhookSettings, { secretOf, describe, log, backOff }: WebhookParts): Channel {
  const told = new Map<ApprovalId, string>()
  const outbox = new Outbox<string>({
    name: 'webhook',
    log,
    atOnce: 4,
    ...(backOff && { backOff }),
    async send(body, signal) {
      const secret = await secretOf(settings.secret)
      const headers = { 'content-type': 'application/json', 'x-gatescribe-signature': signature(secret, body, Date.now()) }
      const { status, retryAfter } = await post(settings.url, { headers, body, signal })
      if (status < 200 || status > 299) throw new NotTaken(`it answered with status ${status}`, retryAfter)
    },
  })
  return {
    changed(request) {
      const event = eventOf(request)
      const what = `${event} ${request.state} ${request.decisions.length}`
      // That who waits has become a ticket, for example, is nothing to tell.
      if (told.get(request.id) === what) return
      told.delete(request.id)
      if (event !== 'ended') told.set(request.id, what)
      if (told.size > MOST_TOLD) told.delete(told.keys().next().value!)
      outbox.push(request.id, notification(event, { request: describe(request), link: request.link }))
    },
    announce: ({ about, event, body }) => outbox.push(about, notification(event, body)),
    examine: () =>
      examined(outbox, async () => {
        await secretOf(settings.secret)
        return 'has its secret, and what was sent so far was taken'
      }),
    close: () => outbox.close(),
  }
}

/** With an id of its own: one that is sent again is known by it. */
function notification(event: string, body: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ id: `ntf_${randomBytes(16).toString('base64url')}`, event, ...body })
}

function eventOf({ state, decisions }: RequestView): 'asked' | 'decided' | 'ended' {
  if (state === 'pending') return decisions.length === 0 ? 'asked' : 'decided'
  return state === 'approved' || state === 'denied' ? 'decided' : 'ended'
}
