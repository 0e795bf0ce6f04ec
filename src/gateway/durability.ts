import { statfsSync } from 'node:fs'
import { fileSystemOf } from '../doctor/index.ts'
import { GatewayError } from './errors.ts'

/**
 * `durability: disk` promises that what was acknowledged survives a restart: memory cannot keep that.
 * @param folder an existing folder
 * @throws GatewayError GS_GATEWAY_EPHEMERAL_DATA
 */
export function refuseEphemeral(folder: string): void {
  const known = fileSystemOf(statfsSync(folder).type)
  if (known?.level === 'fail')
    throw new GatewayError('GS_GATEWAY_EPHEMERAL_DATA', `gateway.data is on ${known.name}, which a restart empties.`)
}
