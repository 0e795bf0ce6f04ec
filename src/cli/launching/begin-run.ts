import { LaunchError } from '../../launch/index.ts'
import type { ExchangeOptions } from '../exchange.ts'
import type { Shell } from '../shell.ts'
import type { GatewayRun } from './gateway-run.ts'
import { beginJobRun } from './job-run.ts'
import { beginPersonRun, isAttended, type PersonOptions } from './person-run.ts'

/** `--identity` of somebody who is there, instead of what the machine says that it is. */
export const PERSON = 'person'

/** The run of the job that this is; where it is none and somebody is there, one of theirs. @throws CodedError */
export async function beginRun(options: ExchangeOptions & PersonOptions, shell: Shell): Promise<GatewayRun> {
  const { surroundings } = shell
  const { env } = surroundings
  const namesJobs = options.gateway ?? env.GATESCRIBE_GATEWAY
  const source = options.identity ?? env.GATESCRIBE_IDENTITY
  if (source === PERSON || (source === undefined && namesJobs === undefined && isAttended(surroundings)))
    return beginPersonRun(options, shell)
  try {
    return await beginJobRun(options, surroundings)
  } catch (error) {
    const isNobody = error instanceof LaunchError && error.code === 'GS_LAUNCH_NO_IDENTITY'
    if (isNobody && isAttended(surroundings)) return beginPersonRun(options, shell)
    throw error
  }
}
