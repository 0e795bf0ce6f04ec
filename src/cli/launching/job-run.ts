import type { ExchangeOptions } from '../exchange.ts'
import { exchanged } from '../exchange.ts'
import type { Surroundings } from '../surroundings.ts'
import { type GatewayRun, runOfHandle } from './gateway-run.ts'

/** Begins or joins the run of the job that this is. @throws CodedError */
export async function beginJobRun(options: ExchangeOptions, around: Pick<Surroundings, 'env' | 'folder'>): Promise<GatewayRun> {
  const { answer, gateway, identity, audience, ca, door } = await exchanged(options, around)
  return {
    id: answer.gatescribe.run,
    planes: answer.gatescribe.planes,
    expiresIn: answer.expires_in,
    identity: identity.source,
    proof: { token: identity.token, audience },
    ...{ gateway, ca },
    ...runOfHandle(door, answer.access_token),
  }
}
