import type { Approvals, RequestView } from '../approvals/index.ts'
import type { Announcement, Channel } from './channel.ts'
import { ChannelError } from './errors.ts'
import type { ChannelSettings } from './settings.ts'
import { type SlackChannel, type SlackParts, slackChannel } from './slack/slack-channel.ts'
import type { SlackRequest } from './slack/verify.ts'
import { type WebhookParts, webhookChannel } from './webhook/webhook-channel.ts'

export interface ChannelsOptions extends WebhookParts, Omit<SlackParts, 'decide'> {
  readonly approvals: Pick<Approvals, 'onChange' | 'decide' | 'list'>
}

/** Everything that is told of requests for approval besides those who look at them here. */
export interface Channels {
  /** From now on these. One that is as it was goes on, with what it has not delivered yet. */
  use(settings: readonly ChannelSettings[]): void
  /** Whatever waits for an answer is shown where it is not; to be called once approvals have started. */
  begin(): void
  /** Tells all of them. Returns at once. */
  announce(announcement: Announcement): void
  /** Each of them, to be examined, in the order of the configuration: told apart by kind and number. */
  readonly all: readonly { readonly name: string; readonly examine: Channel['examine'] }[]
  /** What Slack sends here. @throws ChannelError */
  slack(request: SlackRequest): Promise<void>
  /** Takes at most a second for what is on its way. */
  close(): Promise<void>
}

type Open = { readonly kind: 'webhook'; readonly channel: Channel } | { readonly kind: 'slack'; readonly channel: SlackChannel }

/** Channels for approvals: docs/approvals.md. Asking and deciding never wait for one. */
export function createChannels({ approvals, ...parts }: ChannelsOptions): Channels {
  let open = new Map<string, Open>()
  let hasBegun = false
  const stop = approvals.onChange((request) => {
    for (const { channel } of open.values()) channel.changed(request)
  })
  const decide: SlackParts['decide'] = (id, person, verdict, channel) => approvals.decide(id, person, verdict, channel)

  function opened(settings: ChannelSettings): Open {
    if (settings.kind === 'webhook') return { kind: 'webhook', channel: webhookChannel(settings, parts) }
    const channel = slackChannel(settings, { ...parts, decide })
    if (hasBegun) showPending(channel)
    return { kind: 'slack', channel }
  }

  /** A message that an earlier process posted is not known any more, so it is posted anew. */
  function showPending(channel: SlackChannel): void {
    for (let page: readonly RequestView[] = approvals.list({ states: ['pending'] }); page.length > 0; ) {
      for (const request of page) channel.changed(request)
      page = approvals.list({ states: ['pending'], before: page.at(-1)!.id })
    }
  }

  return {
    use(settings) {
      const before = open
      open = new Map()
      for (const each of settings) {
        const key = placeOf(each)
        const same = before.get(key) ?? opened(each)
        before.delete(key)
        if (same.kind === 'slack' && each.kind === 'slack') same.channel.use(each)
        open.set(key, same)
      }
      for (const { channel } of before.values()) void channel.close()
    },
    begin() {
      hasBegun = true
      for (const each of open.values()) if (each.kind === 'slack') showPending(each.channel)
    },
    announce(announcement) {
      for (const { channel } of open.values()) channel.announce(announcement)
    },
    get all() {
      return [...open.values()].map(({ kind, channel }, at) => ({ name: `${kind} (${at + 1})`, examine: channel.examine }))
    },
    async slack(request) {
      for (const each of open.values()) if (each.kind === 'slack') return each.channel.interaction(request)
      throw new ChannelError('GS_CHANNELS_NO_SLACK')
    },
    async close() {
      stop()
      await Promise.all([...open.values()].map(({ channel }) => channel.close()))
    },
  }
}

/** What makes two settings the same channel; who may answer in it may change. */
function placeOf(settings: ChannelSettings): string {
  if (settings.kind === 'webhook') return JSON.stringify(settings)
  const { users: _, signingSecret: __, ...place } = settings
  return JSON.stringify(place)
}
