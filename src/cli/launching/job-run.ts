import type { ExchangeOptions } from '../exchange.ts'
import { exchanged } from '../exchange.ts'
import type { Surroundings } from '../surroundings.ts'
import { type GatewayRun, runOfHandle } from './gateway-run.ts'

/** Begins or joins the run of the job that this is. @param options.lease seconds that it lives without a heart-beat. @throws CodedError */
export async function beginJobRun(
  options: ExchangeOptions & { readonly lease: number },
  around: Pick<Surroundings, 'env' | 'folder'>,
): Promise<GatewayRun> {
  const { answer, gateway, identity, audience, ca, door } = await exchanged(options, around)
  return {
    id: answer.gatescribe.run,
    planes: answer.gatescribe.planes,
    expiresIn: answer.expires_in,
    identity: identity.source,
    proof: { token: identity.token, audience },
    ...{ gateway, ca },
    ...runOfHandle(door, answer.access_token, options.lease),
  }
}
