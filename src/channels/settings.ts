import type { Reference } from '../credentials/index.ts'

/** Whoever is told of each change of a request, and cannot answer it. */
export interface WebhookSettings {
  readonly kind: 'webhook'
  /** https; http only to this machine, where `insecureLoopback` is said. */
  readonly url: string
  /** What notifications are signed with. */
  readonly secret: Reference
  readonly insecureLoopback: boolean
}

/** A Slack channel in which requests are shown, and answered with buttons. */
export interface SlackSettings {
  readonly kind: 'slack'
  /** Where Slack is: `https://slack.com`, or `https://slack-gov.com`. */
  readonly url: string
  /** Of the bot: `xoxb-…`. */
  readonly token: Reference
  /** What Slack signs its requests with. */
  readonly signingSecret: Reference
  /** `#name`, or the id. */
  readonly channel: string
  /** Slack user id → who that is here. */
  readonly users: Readonly<Record<string, SlackPerson>>
  readonly insecureLoopback: boolean
}

/** A person of an issuer that signs in people. */
export interface SlackPerson {
  readonly issuer: string
  readonly subject: string
}

export type ChannelSettings = WebhookSettings | SlackSettings

const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '[::1]', 'localhost'])

/** Whether requests may be sent there: https, or http to this machine where that was said. */
export function isSafeUrl(text: string, insecureLoopback: boolean): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, hostname, username, password, hash } = new URL(text)
  if (username !== '' || password !== '' || hash !== '') return false
  return protocol === 'https:' || (protocol === 'http:' && insecureLoopback && LOOPBACK.has(hostname))
}
