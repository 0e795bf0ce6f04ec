import { statfsSync } from 'node:fs'
import { GatewayError } from './errors.ts'

/** File systems that a restart empties; magic numbers of statfs(2). */
const EPHEMERAL = new Map([
  [0x01021994, 'tmpfs'],
  [0x858458f6, 'ramfs'],
])

/**
 * `durability: disk` promises that what was acknowledged survives a restart: memory cannot keep that.
 * @param folder an existing folder
 * @throws GatewayError GS_GATEWAY_EPHEMERAL_DATA
 */
export function refuseEphemeral(folder: string): void {
  // `type` is signed in some builds of libuv.
  const name = EPHEMERAL.get(statfsSync(folder).type >>> 0)
  if (name !== undefined) throw new GatewayError('GS_GATEWAY_EPHEMERAL_DATA', `gateway.data is on ${name}, which a restart empties.`)
}
