import { z } from 'zod'
import { complaint, duration, flag, secret, url } from './values.ts'

const insecureLoopback = flag.optional().meta({ description: 'Accepts http on this machine; for tests' })

const webhook = z
  .strictObject({
    url: url.meta({ description: 'Where notifications are sent' }),
    secret: secret.meta({ description: 'What they are signed with' }),
    insecureLoopback,
  })
  .meta({ description: 'Is told what becomes of requests; decides nothing' })

const slackChannel = z
  .string({ error: complaint('This must be a channel of Slack.', 'Write for example channel: "#approvals", in quotes.') })
  .regex(/^(#[^\s#,]{1,80}|[CG][A-Z0-9]{2,30})$/u, {
    error: complaint('This must be a channel of Slack.', 'Write for example channel: "#approvals", in quotes.'),
  })
  .meta({ description: 'A channel by its name or id', examples: ['#approvals'] })
const slackUser = z.string().regex(/^[UW][A-Z0-9]{2,30}$/, {
  error: complaint('This is no id of a user of Slack.', 'Write the member id of the profile, for example U024BE7LH.'),
})
const somebody = z
  .string({ error: complaint('This must be a person.', 'Write issuer/subject, for example okta/00u1a2b3.') })
  .regex(/^[a-z0-9][a-z0-9-]{0,31}\/[^\p{Cc}]{1,255}$/u, {
    error: complaint('This must be a person.', 'Write issuer/subject, for example okta/00u1a2b3.'),
  })
  .meta({ description: 'A person as issuer/subject', examples: ['okta/00u1a2b3'] })

const slack = z
  .strictObject({
    token: secret.meta({ description: "The bot's token" }),
    signingSecret: secret.meta({ description: 'What Slack signs its requests with' }),
    channel: slackChannel,
    users: z
      .record(slackUser, somebody, {
        error: complaint('This must map users of Slack to persons.', 'Write for example users: { U024BE7LH: okta/00u1a2b3 }.'),
      })
      .optional()
      .meta({ description: 'Member id in Slack → who that is, as issuer/subject; nobody else can answer there' }),
    url: url.optional().meta({ description: 'Where Slack is; default https://slack.com' }),
    insecureLoopback,
  })
  .meta({ description: 'Shows requests in a channel of Slack, with buttons' })

const channel = z
  .strictObject({ webhook: webhook.optional(), slack: slack.optional() })
  .refine((kinds) => Object.keys(kinds).length === 1, {
    error: complaint(
      'This must be one channel.',
      'Write for example - webhook: { url: …, secret: … }, and each other one as an item of its own.',
    ),
  })

export const approvals = z
  .strictObject({
    hold: z
      .strictObject({
        postgres: duration.optional().meta({ description: 'How long a PostgreSQL connection waits for an answer; default 45s' }),
        kubernetes: duration.optional().meta({ description: 'How long a request to a cluster waits for an answer; default 10m' }),
        http: duration.optional().meta({ description: 'How long an HTTP request waits for an answer; default 45s' }),
        model: duration.optional().meta({ description: 'How long a request to a model waits for an answer; default 60s' }),
        mcp: duration.optional().meta({ description: 'How long a message of MCP waits for an answer; default 20s' }),
        egress: duration.optional().meta({ description: 'How long a connection through the proxy waits for an answer; default 20s' }),
      })
      .optional()
      .meta({ description: 'How long whoever asks waits before it is told to come back' }),
    unlinkedLauncher: z
      .enum(['refuse', 'extra'], { error: complaint('This must be refuse or extra.', 'Write for example unlinkedLauncher: refuse.') })
      .optional()
      .meta({
        description: 'Whether somebody may approve of whom it is not known that they did not start the run: no, or with one person more',
      }),
    channels: z
      .array(channel, { error: complaint('This must be a list of channels.', 'Write for example channels: [{ webhook: { … } }].') })
      .min(1, { error: complaint('This list is empty.', 'Name at least one, or leave the field out.') })
      .max(8, { error: complaint('These are more channels than 8.', 'Leave some of them out.') })
      .optional()
      .meta({ description: 'Who else is told of requests, and where they can be answered' }),
  })
  .meta({ description: 'How people are asked' })
