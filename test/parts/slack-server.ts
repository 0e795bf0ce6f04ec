import { createHmac } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * A stand-in for Slack, which nobody can run: it checks what Slack documents of its Web API (docs.slack.dev: "Using the Slack Web API", the methods
 * chat.postMessage, chat.update, chat.postEphemeral and auth.test, "Rate limits", the reference of blocks) and signs what it sends as Slack does
 * ("Verifying requests from Slack"). What it does not know of Slack, it refuses.
 */
export interface SlackServer {
  readonly url: string
  readonly token: string
  readonly signingSecret: string
  /** What stands in the channel, the oldest first. */
  readonly messages: readonly SlackMessage[]
  /** What was shown to one user only. */
  readonly ephemeral: readonly { readonly user: string; readonly text: string }[]
  /** Every call, as `method` or `method error`. */
  readonly calls: readonly string[]
  /** What the next calls meet, one each: an answer of Slack's with this error, a status, being sent away for some seconds, or nobody who answers. */
  readonly trouble: (
    | { readonly error: string }
    | { readonly status: number }
    | { readonly retryAfter: number }
    | { readonly silence: true }
  )[]
  /** The message of a request, as it is now. */
  messageAbout(approval: string): SlackMessage | undefined
  /** Everything that a message shows, as it is read: its text as one string. */
  shown(message: SlackMessage): string
  /** Somebody presses a button of a message: sent to the app's request URL. */
  press(url: string, message: SlackMessage, action: string, how?: Partial<Pressed>): Promise<Response>
  /** The same, not sent yet. */
  signed(message: SlackMessage, action: string, how?: Partial<Pressed>): { readonly body: string; readonly headers: Record<string, string> }
  close(): Promise<void>
}

export interface SlackMessage {
  readonly channel: string
  readonly ts: string
  text: string
  blocks: readonly Json[]
}

export interface Pressed {
  /** Slack's id of a user. */
  readonly user: string
  readonly team: string
  /** Seconds since the epoch. */
  readonly at: number
  readonly secret: string
  /** Instead of the button's own. */
  readonly value: string
  readonly ts: string
  readonly channel: string
  /** More than a press has. */
  readonly more: object
}

type Json = Readonly<Record<string, unknown>>

export const SLACK_CHANNEL = { name: '#approvals', id: 'C0APPROVALS' }
export const SLACK_TEAM = 'T0ACME'

const TOKEN = 'xoxb-1234-test'
const SIGNING_SECRET = '8f742231b10e8888abcd99yyyzzz85a5'

export async function startSlack(): Promise<SlackServer> {
  const messages: SlackMessage[] = []
  const ephemeral: { user: string; text: string }[] = []
  const calls: string[] = []
  const trouble: SlackServer['trouble'] = []
  let posted = 0

  const methods: Readonly<Record<string, (args: Json) => Json>> = {
    'auth.test': () => ({
      ok: true,
      url: 'https://acme.slack.com/',
      team: 'Acme',
      user: 'gatescribe',
      team_id: SLACK_TEAM,
      user_id: 'U0BOT',
    }),
    'chat.postMessage'(args) {
      if (args.channel !== SLACK_CHANNEL.name && args.channel !== SLACK_CHANNEL.id) return refused('channel_not_found')
      const wrong = wrongMessage(args)
      if (wrong) return refused(wrong)
      const message = { channel: SLACK_CHANNEL.id, ts: `1700000000.${String(++posted).padStart(6, '0')}`, ...contentOf(args) }
      messages.push(message)
      return { ok: true, channel: message.channel, ts: message.ts, message: { type: 'message', ...message } }
    },
    'chat.update'(args) {
      // Unlike postMessage it takes no name.
      if (args.channel !== SLACK_CHANNEL.id) return refused('channel_not_found')
      const message = messages.find(({ ts }) => ts === args.ts)
      if (!message) return refused('message_not_found')
      const wrong = wrongMessage(args)
      if (wrong) return refused(wrong)
      Object.assign(message, contentOf(args))
      return { ok: true, channel: message.channel, ts: message.ts, text: message.text }
    },
    'chat.postEphemeral'({ channel, user, text }) {
      if (channel !== SLACK_CHANNEL.id) return refused('channel_not_found')
      if (typeof text !== 'string' || text === '') return refused('no_text')
      ephemeral.push({ user: String(user), text })
      return { ok: true, message_ts: '1700000000.999999' }
    },
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const method = request.url?.replace('/api/', '') ?? ''
    const say = (body: Json, status = 200, headers = {}) => {
      calls.push(body.ok === true ? method : `${method} ${String(body.error ?? status)}`)
      response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers }).end(JSON.stringify(body))
    }
    const next = trouble.shift()
    if (next && 'silence' in next) return
    if (next && 'status' in next) return say({}, next.status)
    if (next && 'retryAfter' in next) return say(refused('ratelimited'), 429, { 'retry-after': String(next.retryAfter) })
    if (next) return say(refused(next.error))
    if (request.method !== 'POST') return say(refused('invalid_method'))
    if (request.headers.authorization !== `Bearer ${TOKEN}`)
      return say(refused(request.headers.authorization ? 'invalid_auth' : 'not_authed'))
    if (request.headers['content-type'] !== 'application/json; charset=utf-8') return say(refused('missing_charset'))
    let args: Json
    try {
      args = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Json
    } catch {
      return say(refused('invalid_json'))
    }
    say(methods[method]?.(args) ?? refused('unknown_method'))
  }

  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))

  function signed(message: SlackMessage, action: string, how: Partial<Pressed> = {}) {
    const button = buttonsOf(message).find(({ action_id }) => action_id === action)
    const payload = {
      type: 'block_actions',
      user: { id: how.user ?? 'U0ADA', username: 'ada', name: 'ada', team_id: how.team ?? SLACK_TEAM },
      api_app_id: 'A0GATESCRIBE',
      token: 'deprecated',
      container: {
        type: 'message',
        message_ts: how.ts ?? message.ts,
        channel_id: how.channel ?? message.channel,
        is_ephemeral: false,
      },
      trigger_id: '1.2.3',
      team: { id: SLACK_TEAM, domain: 'acme' },
      channel: { id: message.channel, name: SLACK_CHANNEL.name.slice(1) },
      message: { type: 'message', ts: message.ts, text: message.text, blocks: message.blocks },
      response_url: 'https://hooks.slack.com/actions/T0ACME/1/x',
      actions: [{ type: 'button', action_id: action, block_id: 'b1', value: how.value ?? button?.value ?? 'apr_none', action_ts: '1.5' }],
      ...how.more,
    }
    const body = new URLSearchParams({ payload: JSON.stringify(payload) }).toString()
    const at = how.at ?? Math.floor(Date.now() / 1_000)
    const digest = createHmac('sha256', how.secret ?? SIGNING_SECRET)
      .update(`v0:${at}:${body}`)
      .digest('hex')
    return {
      body,
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        'x-slack-request-timestamp': String(at),
        'x-slack-signature': `v0=${digest}`,
      },
    }
  }

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    token: TOKEN,
    signingSecret: SIGNING_SECRET,
    messages,
    ephemeral,
    calls,
    trouble,
    messageAbout: (approval) => messages.findLast(({ blocks }) => JSON.stringify(blocks).includes(approval)),
    shown: ({ blocks }) => textsIn(blocks).join(''),
    signed,
    async press(url, message, action, how) {
      const { body, headers } = signed(message, action, how)
      return fetch(url, { method: 'POST', headers, body })
    },
    async close() {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
      await sleep(0)
    },
  }
}

const refused = (error: string): Json => ({ ok: false, error })

const contentOf = ({ text, blocks }: Json) => ({ text: String(text), blocks: blocks as readonly Json[] })

export function buttonsOf({ blocks }: SlackMessage): readonly { readonly action_id: string; readonly value: string }[] {
  return blocks.flatMap((block) => (block.type === 'actions' ? (block.elements as { action_id: string; value: string }[]) : []))
}

/** Slack's error for a message that breaks a documented limit, or that is made of what this does not know. */
export function wrongMessage({ text, blocks }: Json): string | undefined {
  if (typeof text !== 'string' || text === '') return 'no_text'
  if (text.length > 40_000) return 'msg_too_long'
  if (!Array.isArray(blocks)) return 'invalid_blocks_format'
  // Not documented; what Slack does: slackapi/bolt-js issues 2509 and 2867.
  if (JSON.stringify(blocks).length > 13_200) return 'msg_blocks_too_long'
  if (blocks.length === 0 || blocks.length > 50) return 'invalid_blocks'
  return (blocks as Json[]).every(isBlock) ? undefined : 'invalid_blocks'
}

function isBlock(block: Json): boolean {
  switch (block.type) {
    case 'header':
      return isPlain(block.text, 150)
    case 'section':
      return isText(block.text, 3_000)
    case 'actions':
      return each(block.elements, 1, 25, isButton) && distinct((block.elements as Json[]).map(({ action_id }) => action_id))
    case 'rich_text':
      return each(block.elements, 1, 100, isRichText)
    default:
      return false
  }
}

function isButton(button: Json): boolean {
  const { confirm } = button as { confirm?: Json }
  return (
    button.type === 'button' &&
    isPlain(button.text, 75) &&
    isString(button.action_id, 255) &&
    (button.value === undefined || isString(button.value, 2_000)) &&
    (confirm === undefined ||
      (isPlain(confirm.title, 100) && isText(confirm.text, 300) && isPlain(confirm.confirm, 30) && isPlain(confirm.deny, 30)))
  )
}

function isRichText({ type, elements }: Json): boolean {
  if (type !== 'rich_text_section' && type !== 'rich_text_preformatted') return false
  return each(elements, 1, 1_000, (element) => {
    if (element.type === 'link') return isString(element.url, 3_000) && /^https?:/.test(String(element.url))
    return element.type === 'text' && isString(element.text, 3_000)
  })
}

const isString = (value: unknown, most: number) =>
  typeof value === 'string' && value.length > 0 && value.length <= most && value.isWellFormed()
const isPlain = (value: unknown, most: number) => (value as Json)?.type === 'plain_text' && isString((value as Json).text, most)
const isText = (value: unknown, most: number) =>
  isPlain(value, most) || ((value as Json)?.type === 'mrkdwn' && isString((value as Json).text, most))
const distinct = (values: readonly unknown[]) => new Set(values).size === values.length
const each = (value: unknown, least: number, most: number, is: (item: Json) => boolean) =>
  Array.isArray(value) && value.length >= least && value.length <= most && value.every((item) => is(item as Json))

/** The texts of blocks in the order of reading. */
function textsIn(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(textsIn)
  if (typeof value !== 'object' || value === null) return []
  const { type, text, elements } = value as { type?: string; text?: unknown; elements?: unknown }
  if (type === 'button') return []
  const own = typeof text === 'string' ? [text] : textsIn(text)
  const end = type === 'header' || type?.startsWith('rich_text_') ? ['\n'] : []
  return [...own, ...textsIn(elements), ...end]
}
