import { execFile } from 'node:child_process'
import { statSync } from 'node:fs'
import { promisify } from 'node:util'
import { McpHostError } from './errors.ts'
import type { HostSettings } from './settings.ts'

/** Numbers of an account. */
export interface Account {
  readonly uid: number
  readonly gid: number
}

/** What the machine says. */
export interface Machine {
  readonly self: Account
  /** Undefined where there is none. */
  lookUp(name: string): Promise<Account | undefined>
  /** Owner of a folder; undefined where there is none. */
  owner(folder: string): number | undefined
}

/**
 * As whom servers run: third-party code never shares an account with the gateway, nor is it root.
 * @returns undefined: as this process
 * @throws McpHostError GS_MCP_HOST_NEEDS_USER, _CANNOT_SWITCH, _ROOT, _SAME_USER, _UNKNOWN_USER, _CONFIG
 */
export async function accountOfServers(
  { user, gateway }: Pick<HostSettings, 'user' | 'gateway'>,
  machine: Machine,
): Promise<Account | undefined> {
  const { self } = machine
  const find = async (named: string | number) => {
    const found = await machine.lookUp(String(named))
    // A number need not have a name.
    if (!found && typeof named === 'number') return { uid: named, gid: named }
    if (!found) throw new McpHostError('GS_MCP_HOST_UNKNOWN_USER', `This machine has no user ${named}.`)
    return found
  }
  if (user === undefined && self.uid === 0) throw new McpHostError('GS_MCP_HOST_NEEDS_USER')
  const account = user === undefined ? self : await find(user)
  if (account.uid === 0) throw new McpHostError('GS_MCP_HOST_ROOT')
  if (self.uid !== 0 && account.uid !== self.uid) throw new McpHostError('GS_MCP_HOST_CANNOT_SWITCH')
  const gateways = gateway === 'elsewhere' ? undefined : 'user' in gateway ? (await find(gateway.user)).uid : machine.owner(gateway.data)
  if (gateway !== 'elsewhere' && gateways === undefined)
    throw new McpHostError('GS_MCP_HOST_CONFIG', 'gateway.data is not there, so it cannot be told as whom the gateway runs.')
  if (gateways === account.uid) throw new McpHostError('GS_MCP_HOST_SAME_USER')
  return account.uid === self.uid ? undefined : account
}

/** This one. */
export function thisMachine(): Machine {
  const run = promisify(execFile)
  const ask = async (what: string, named: string) => {
    const { stdout } = await run('id', [what, '--', named], { timeout: 10_000 })
    return Number(stdout.trim())
  }
  return {
    self: { uid: process.getuid?.() ?? -1, gid: process.getgid?.() ?? -1 },
    async lookUp(named) {
      try {
        return { uid: await ask('-u', named), gid: await ask('-g', named) }
      } catch {
        return undefined
      }
    },
    owner(folder) {
      try {
        return statSync(folder).uid
      } catch {
        return undefined
      }
    },
  }
}
