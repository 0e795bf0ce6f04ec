import { CodedError } from '../operations/index.ts'
import { ChannelError } from './errors.ts'
import { type Outbox, reasonOf } from './outbox.ts'

/**
 * What is known of a channel: that what it needs is there, and that what was sent last was taken.
 * @param look @returns in a few words, what is there
 * @throws CodedError
 */
export async function examined(outbox: Pick<Outbox<never>, 'state'>, look: () => Promise<string>): Promise<string> {
  let found: string
  try {
    found = await look()
  } catch (error) {
    throw error instanceof CodedError ? error : new ChannelError('GS_CHANNELS_NOT_TAKEN', { why: reasonOf(error), cause: error })
  }
  const { waiting, failure } = outbox.state
  if (failure !== undefined) throw new ChannelError('GS_CHANNELS_NOT_TAKEN', { why: `${failure}; ${waiting} wait` })
  return found
}
