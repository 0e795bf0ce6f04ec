import { CodedError, type ErrorCatalogue } from '../operations/index.ts'

export const channelErrors = {
  GS_CHANNELS_NO_SLACK: {
    meaning: 'No Slack channel is configured here.',
    next: 'Configure approvals.channels, or remove the request URL from the Slack app.',
  },
  GS_CHANNELS_FORGED: {
    meaning: 'This does not come from Slack, or came before, or too late.',
    next: 'Check approvals.channels[].slack.signingSecret, and the clock of this machine.',
  },
  GS_CHANNELS_NOT_TAKEN: {
    meaning: 'This channel does not take what is sent to it.',
    next: 'Check its settings under approvals.channels, and that this machine reaches it; what was not taken is tried again for a day.',
  },
  GS_CHANNELS_MALFORMED: {
    meaning: 'This is no interaction as Slack describes it.',
    next: 'Use this URL as the request URL of interactivity only.',
  },
} as const satisfies ErrorCatalogue

export class ChannelError extends CodedError<keyof typeof channelErrors> {
  /** @param why in our own words, without address or content */
  constructor(code: keyof typeof channelErrors, { why, ...options }: ErrorOptions & { readonly why?: string } = {}) {
    const { meaning, next } = channelErrors[code]
    super(code, why === undefined ? meaning : `${meaning} (${why})`, next, options)
  }
}
