import { startGateway } from '../../test/parts/gateway.ts'
import { ALLOW_ALL, type WrittenRule } from '../../test/parts/gateway-config.ts'
import { startIssuer } from '../../test/parts/issuer.ts'
import type { RunningPostgres } from '../../test/parts/postgres.ts'
import type { Contender } from './contender.ts'

/** How a gateway governs, and what it is called then. */
export interface Governed {
  readonly name?: string
  readonly rules?: readonly WrittenRule[]
  readonly masks?: readonly Readonly<Record<string, unknown>>[]
}

/**
 * The gateway as it is meant to be run: log-in with the credential of a run, a rule that allows, every intent durable
 * before it is forwarded, outcomes recorded. Plain and encrypted are two processes, as with the others.
 */
export async function startGatewayContender(
  server: RunningPostgres,
  user: string,
  database: string,
  encrypted: boolean,
  { name = 'Gatescribe', rules = [ALLOW_ALL], masks = [] }: Governed = {},
): Promise<Contender> {
  const issuer = await startIssuer()
  const gateway = await startGateway({
    issuer,
    targets: [{ name: 'bench', server, user, databases: { [database]: database }, encrypted }],
    adjust: (config) => {
      config.rules = [...rules]
      if (masks.length > 0) config.masks = [...masks]
    },
  })
  const { run, password } = await gateway.credential()
  return {
    name,
    encrypted,
    port: gateway.port,
    user: run,
    password,
    database,
    pids: [gateway.pid],
    async stop() {
      await gateway.remove()
      await issuer.close()
    },
  }
}
