import type { ApprovalChannel, ApprovingPerson, RequestCard, RequestView } from '../../approvals/index.ts'
import type { Reference } from '../../credentials/index.ts'
import { type ApprovalId, CodedError, type Run, type RunId } from '../../operations/index.ts'
import type { Announcement, Channel, ChannelLog } from '../channel.ts'
import { examined } from '../examine.ts'
import { NotTaken, Outbox, type OutboxOptions } from '../outbox.ts'
import type { SlackPerson, SlackSettings } from '../settings.ts'
import { announcingMessage } from './announcement.ts'
import { escaped } from './blocks.ts'
import { type Click, readInteraction } from './interaction.ts'
import { askingMessage, type SlackMessage, shortMessage } from './message.ts'
import { type SlackRequest, SlackVerifier } from './verify.ts'
import { type SlackAnswer, SlackRefused, slackWebApi } from './web-api.ts'

export interface SlackParts {
  readonly secretOf: (reference: Reference) => Promise<string>
  /** With what is asked for; that it is shown is recorded before this resolves. Undefined where there is no such request. */
  readonly open: (id: ApprovalId) => Promise<RequestCard | undefined>
  readonly run: (id: RunId) => Run | undefined
  /** Who signed in here not long ago, and may answer; undefined for everybody else. */
  readonly personOf: (person: SlackPerson) => ApprovingPerson | undefined
  readonly decide: (id: ApprovalId, person: ApprovingPerson, verdict: 'approve' | 'deny', channel: ApprovalChannel) => Promise<unknown>
  readonly link: (id: ApprovalId) => string
  readonly log: ChannelLog
  readonly backOff?: NonNullable<OutboxOptions<string>['backOff']>
  /** Between two messages; Slack takes about one a second in each channel. ms */
  readonly gap?: number
}

export interface SlackChannel extends Channel {
  /** From now on these people, and this signing secret. */
  use(settings: SlackSettings): void
  /**
   * Takes what Slack says of a button that was pressed. Resolves once it is known to be Slack's; what comes of it is told in Slack.
   * @throws ChannelError GS_CHANNELS_FORGED, GS_CHANNELS_MALFORMED
   */
  interaction(request: SlackRequest): Promise<void>
}

/** A message that this process posted. */
interface Posted {
  readonly channel: string
  readonly ts: string
  readonly buttons: boolean
}

type Item = { readonly kind: 'request'; readonly request: RequestView } | { readonly kind: 'announcement'; readonly message: SlackMessage }

/** Messages that are remembered: those of requests that are open. */
const MOST_POSTED = 10_000
/** Slack does not take the message as it is: it is too long, or not what Slack knows any more. */
const UNSUITABLE: ReadonlySet<string> = new Set(['invalid_blocks', 'invalid_blocks_format', 'msg_blocks_too_long', 'msg_too_long'])
/** The message is not there to be changed any more. */
const GONE: ReadonlySet<string> = new Set(['message_not_found', 'cant_update_message', 'edit_window_closed', 'is_inactive'])

/** Requests as messages of a Slack channel, kept up to date, with buttons. What Slack is told, and what it says, decides nothing by itself. */
export function slackChannel(given: SlackSettings, parts: SlackParts): SlackChannel {
  const { url, token, channel } = given
  const { log, backOff, gap = 1_000 } = parts
  const call = slackWebApi(url, token, parts.secretOf)
  const verifier = new SlackVerifier()
  // A message that is tried again is the same: it was recorded once that it is shown.
  const made = new WeakMap<RequestView, SlackMessage>()
  const posted = new Map<ApprovalId, Posted>()
  let settings = given
  let teams: ReadonlySet<string> | undefined

  const outbox = new Outbox<Item>({
    name: 'slack',
    log,
    atOnce: 1,
    gap,
    latestOnly: true,
    ...(backOff && { backOff }),
    send: async (item, signal) => {
      if (item.kind === 'request') await show(item.request, signal)
      else await post(item.message, signal)
    },
  })

  /** What is true of a request now, as a new message or in place of the one before. */
  async function show(request: RequestView, signal: AbortSignal): Promise<void> {
    const { id } = request
    const before = posted.get(id)
    // What was over before anybody saw it is not shown.
    if (request.state === 'pending' || before) {
      await knowTeam(signal)
      const message = made.get(request) ?? (await messageOf(request))
      made.set(request, message)
      try {
        await put(id, message, before, signal)
      } catch (error) {
        if (!(error instanceof SlackRefused)) throw error
        if (UNSUITABLE.has(error.error))
          await put(id, shortMessage(request, parts.run(request.run), 'Read all of it, and answer, at the link.'), before, signal)
        else if (!before || !GONE.has(error.error)) throw error
      }
    }
    if (isOver(request)) posted.delete(id)
  }

  async function messageOf(request: RequestView): Promise<SlackMessage> {
    const run = parts.run(request.run)
    if (request.state !== 'pending') return shortMessage(request, run)
    const shown = await parts.open(request.id)
    // Another state comes with a message of its own.
    return shown?.request.state === 'pending' ? askingMessage(shown, run) : shortMessage(shown?.request ?? request, run)
  }

  async function put(id: ApprovalId, { text, blocks, buttons }: SlackMessage, before: Posted | undefined, signal: AbortSignal) {
    if (before) {
      // A button of it may be pressed while it is changed: that counts for what it was.
      await call('chat.update', { channel: before.channel, ts: before.ts, text, blocks, parse: 'none' }, signal)
      posted.set(id, { ...before, buttons })
      return
    }
    const answer = await post({ text, blocks, buttons }, signal)
    const [place, ts] = [textIn(answer, 'channel'), textIn(answer, 'ts')]
    if (place === undefined || ts === undefined) throw new NotTaken('chat.postMessage: it did not say where the message is')
    posted.set(id, { channel: place, ts, buttons })
    if (posted.size > MOST_POSTED) posted.delete(posted.keys().next().value!)
  }

  function post({ text, blocks }: SlackMessage, signal: AbortSignal): Promise<SlackAnswer> {
    return call('chat.postMessage', { channel, text, blocks, parse: 'none', unfurl_links: false, unfurl_media: false }, signal)
  }

  /** Of which workspace the app is: ids of users mean something only within it. */
  async function knowTeam(signal: AbortSignal): Promise<void> {
    if (teams) return
    const answer = await call('auth.test', {}, signal)
    teams = new Set([textIn(answer, 'team_id'), textIn(answer, 'enterprise_id')].filter((each) => each !== undefined))
  }

  async function answer(click: Click): Promise<void> {
    const { approval, verdict, user } = click
    const at = posted.get(approval)
    // Only on what this process posted is it known what stood above the button.
    if (at?.ts !== click.ts || at.channel !== click.channel || !at.buttons)
      return tell(click, `This message is out of date. Look at the request itself: ${parts.link(approval)}`)
    const known =
      Object.hasOwn(settings.users, user) && click.team !== undefined && teams?.has(click.team) ? settings.users[user] : undefined
    const person = known && parts.personOf(known)
    if (!person)
      return tell(
        click,
        `Slack alone does not show who you are here, so nothing was recorded. Open the request and sign in: ${parts.link(approval)}`,
      )
    try {
      await parts.decide(approval, person, verdict, 'slack')
    } catch (error) {
      if (!(error instanceof CodedError)) throw error
      await tell(click, `${error.message} ${error.next}`)
    }
  }

  /** Only to whoever pressed it. */
  async function tell({ channel: place, user }: Click, text: string): Promise<void> {
    await call('chat.postEphemeral', { channel: place, user, text: escaped(text), parse: 'none' }, AbortSignal.timeout(10_000))
  }

  return {
    changed(request) {
      outbox.push(request.id, { kind: 'request', request })
    },
    announce(announcement: Announcement) {
      // In a lane of its own: what comes later does not take its place.
      outbox.push(`${announcement.about} ${announcement.event}`, { kind: 'announcement', message: announcingMessage(announcement) })
    },
    use(next) {
      settings = next
    },
    async interaction(request) {
      const secret = await parts.secretOf(settings.signingSecret)
      verifier.verify(request, secret, Date.now())
      const click = readInteraction(request.body)
      // Slack waits for three seconds, and a decision until it is durable.
      if (click)
        answer(click).catch((error: unknown) =>
          log.warn(
            { channel: 'slack', why: error instanceof NotTaken ? error.message : ((error as { code?: unknown }).code ?? 'unexpected') },
            'a press of a button in Slack was not answered',
          ),
        )
    },
    examine: (signal) =>
      examined(outbox, async () => {
        await parts.secretOf(settings.signingSecret)
        await call('auth.test', {}, signal)
        return 'knows the token, and what was sent so far was taken'
      }),
    close: () => outbox.close(),
  }
}

const isOver = ({ state }: RequestView): boolean => state !== 'pending' && state !== 'approved'

function textIn(answer: SlackAnswer, field: string): string | undefined {
  const value = answer[field]
  return typeof value === 'string' && value !== '' && value.length <= 100 ? value : undefined
}
