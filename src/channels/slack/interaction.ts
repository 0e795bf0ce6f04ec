import { isUtf8 } from 'node:buffer'
import { z } from 'zod'
import type { ApprovalId } from '../../operations/index.ts'
import { ChannelError } from '../errors.ts'

/** Somebody pressed a button. */
export interface Click {
  readonly user: string
  /** The workspace, or the organisation, that the user is of. */
  readonly team: string | undefined
  /** The message that the button is of. */
  readonly channel: string
  readonly ts: string
  readonly verdict: 'approve' | 'deny'
  readonly approval: ApprovalId
}

const id = z.string().min(1).max(100)
/** Of a block_actions payload what counts here; Slack may add to it at any time. */
const blockActions = z.object({
  type: z.literal('block_actions'),
  user: z.object({ id, team_id: id.optional() }),
  container: z.object({ type: z.literal('message'), message_ts: id, channel_id: id }),
  actions: z
    .array(z.object({ action_id: z.string().max(255), value: z.string().max(2_000).optional() }))
    .min(1)
    .max(25),
})
const anyPayload = z.object({ type: z.string().max(100) })

/**
 * Reads an interaction: a form with one field, which holds JSON.
 * @returns undefined for one that asks nothing of us
 * @throws ChannelError GS_CHANNELS_MALFORMED
 */
export function readInteraction(body: Uint8Array): Click | undefined {
  const payload = payloadOf(body)
  const { type } = parsed(anyPayload, payload)
  if (type !== 'block_actions') return undefined
  const { user, container, actions } = parsed(blockActions, payload)
  // A press of a button is one action.
  const [action] = actions
  if (actions.length !== 1 || action === undefined) throw new ChannelError('GS_CHANNELS_MALFORMED')
  const { action_id: verdict, value } = action
  if (verdict !== 'approve' && verdict !== 'deny') return undefined
  if (value === undefined || !/^apr_[\w-]{1,100}$/.test(value)) throw new ChannelError('GS_CHANNELS_MALFORMED')
  return {
    user: user.id,
    team: user.team_id,
    channel: container.channel_id,
    ts: container.message_ts,
    verdict,
    approval: value as ApprovalId,
  }
}

function payloadOf(body: Uint8Array): unknown {
  if (!isUtf8(body)) throw new ChannelError('GS_CHANNELS_MALFORMED')
  const [payload, ...more] = new URLSearchParams(Buffer.from(body).toString()).getAll('payload')
  if (payload === undefined || more.length > 0) throw new ChannelError('GS_CHANNELS_MALFORMED')
  try {
    return JSON.parse(payload)
  } catch (cause) {
    throw new ChannelError('GS_CHANNELS_MALFORMED', { cause })
  }
}

function parsed<T>(schema: z.ZodType<T>, value: unknown): T {
  const read = schema.safeParse(value)
  if (!read.success) throw new ChannelError('GS_CHANNELS_MALFORMED')
  return read.data
}
