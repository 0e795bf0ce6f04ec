import { mayDo } from '../api/admin/role-permissions.ts'
import { requestAnswer } from '../api/local/approval-answers.ts'
import type { RunningApprovals } from '../approvals/index.ts'
import { type Channels, createChannels } from '../channels/index.ts'
import type { References } from '../credentials/index.ts'
import type { People } from '../identity/people/index.ts'
import type { LiveRuns } from '../runs/index.ts'
import type { GatewayLog } from './log.ts'
import type { Records } from './records.ts'

export interface ChannelParts {
  readonly approvals: RunningApprovals
  readonly link: (id: string) => string
  readonly people: Pick<People, 'sessions'> | undefined
  readonly runs: Pick<LiveRuns, 'run'>
  readonly records: Pick<Records, 'approvalOpened'>
  readonly references: Pick<References, 'secret'>
  readonly log: Pick<GatewayLog, 'info' | 'warn'>
}

/** As entries name whoever looked where a request is shown to all of a channel. */
const SHOWN_IN_SLACK = 'slack'

/** Channels for approvals over the rooms. None is told of anything before `use`. */
export function openChannels({ approvals, link, people, runs, records, references, log }: ChannelParts): Channels {
  const run = (id: Parameters<LiveRuns['run']>[0]) => runs.run(id)?.run
  return createChannels({
    approvals,
    link,
    run,
    describe: requestAnswer,
    secretOf: async (reference) => (await references.secret(reference)).secret.reveal(),
    async open(id) {
      const card = await approvals.view(id)
      if (card?.request.state === 'pending') await records.approvalOpened(SHOWN_IN_SLACK, id)
      return card
    },
    personOf(somebody) {
      const person = people?.sessions.recent(somebody)
      return person && mayDo(person.roles, 'approvals.decide') ? person : undefined
    },
    log,
  })
}
