import { accessSync, constants, statSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { type Account, accountOfServers, type Machine, thisMachine } from './account.ts'
import { hostDoor } from './door.ts'
import { McpHostError } from './errors.ts'
import { sweepHomes } from './home.ts'
import { HostedServer } from './hosted-server.ts'
import type { HostLog } from './log.ts'
import type { HostSettings, ServerSettings } from './settings.ts'

export { McpHostError, mcpHostErrors } from './errors.ts'
export type { HostLog } from './log.ts'
export { type HostSettings, parseHostSettings, readHostSettings, type ServerSettings } from './settings.ts'

export interface HostParts {
  readonly settings: HostSettings
  /** Follows `file:` and `env:`. @throws where there is nothing to be had */
  readonly secret: (reference: string) => Promise<string>
  readonly log: HostLog
  /** `PATH` of servers. */
  readonly path: string
  readonly machine?: Machine
}

export interface CheckedHost {
  readonly account: Account | undefined
  readonly token: string
  /** Of each server, by the name of a variable. */
  readonly secrets: ReadonlyMap<string, Readonly<Record<string, string>>>
  readonly homes: string
}

export interface RunningHost {
  /** `http://127.0.0.1:7801` */
  readonly url: string
  /** Takes nothing more, ends every process, and resolves once all are gone. */
  stop(): Promise<void>
}

/** Everything that can be wrong before a server is started. @throws McpHostError */
export async function checkHost({
  settings,
  secret,
  machine = thisMachine(),
}: Pick<HostParts, 'settings' | 'secret' | 'machine'>): Promise<CheckedHost> {
  const account = await accountOfServers(settings, machine)
  const token = await resolved(settings.token, secret, 'GS_MCP_HOST_TOKEN')
  if (!/^[\x21-\x7e]{32,4096}$/.test(token)) throw new McpHostError('GS_MCP_HOST_TOKEN')
  const secrets = new Map<string, Readonly<Record<string, string>>>()
  for (const server of settings.servers) secrets.set(server.name, await secretsOf(server, secret))
  return { account, token, secrets, homes: homesOf(settings) }
}

/** Starts listening; servers start with their sessions. @throws McpHostError */
export async function startHost(parts: HostParts): Promise<RunningHost> {
  const { settings, log, path } = parts
  const { account, token, secrets, homes } = await checkHost(parts)
  const swept = await sweepHomes(homes, account).catch((error: unknown) => {
    log.warn({ reason: error instanceof Error ? error.message : '' }, 'what a host left here cannot be removed')
    return 0
  })
  if (swept > 0) log.info({ homes: swept }, 'what a host left that was killed is gone')
  const servers = new Map(
    settings.servers.map((server) => {
      const hosted = new HostedServer({ settings: server, secrets: secrets.get(server.name)!, account, homes, path, log })
      return [server.name, hosted] as const
    }),
  )
  const door = hostDoor({ servers, token, log })
  const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(settings.listen) ?? []
  await new Promise<void>((resolve, reject) => {
    door.once('error', (cause: NodeJS.ErrnoException) => {
      reject(
        new McpHostError('GS_MCP_HOST_LISTEN', `The host cannot listen on ${settings.listen} (${cause.code ?? 'unknown reason'}).`, {
          cause,
        }),
      )
    })
    door.listen(Number(port), host.replace(/^\[|\]$/g, ''), resolve)
  })
  const address = door.address() as AddressInfo
  const url = `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`
  log.info({ url, servers: [...servers.keys()], ...(account && { user: account.uid }) }, 'the host listens')
  return {
    url,
    async stop() {
      const closed = new Promise<void>((resolve) => door.close(() => resolve()))
      await Promise.all([...servers.values()].map((hosted) => hosted.stop()))
      door.closeAllConnections()
      await closed
      log.info({}, 'the host stopped')
    },
  }
}

async function resolved(reference: string, secret: HostParts['secret'], code: 'GS_MCP_HOST_TOKEN' | 'GS_MCP_HOST_SECRET'): Promise<string> {
  try {
    return await secret(reference)
  } catch (cause) {
    throw new McpHostError(code, cause instanceof Error ? cause.message : undefined, { cause })
  }
}

async function secretsOf({ name, secrets }: ServerSettings, secret: HostParts['secret']): Promise<Readonly<Record<string, string>>> {
  const values: Record<string, string> = {}
  for (const [variable, reference] of Object.entries(secrets)) {
    values[variable] = await resolved(reference, secret, 'GS_MCP_HOST_SECRET')
    if (values[variable].includes('\0')) throw new McpHostError('GS_MCP_HOST_SECRET', `${variable} of ${name} holds a NUL.`)
  }
  return values
}

function homesOf({ homes = tmpdir() }: HostSettings): string {
  try {
    accessSync(homes, constants.W_OK | constants.X_OK)
    if (statSync(homes).isDirectory()) return homes
  } catch {
    // Told below.
  }
  throw new McpHostError('GS_MCP_HOST_CONFIG', `homes: ${homes} is no folder that the host can write in.`)
}
