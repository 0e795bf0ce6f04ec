import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type HostLog, parseHostSettings, type RunningHost, startHost } from '../../src/mcp-stdio/index.ts'

/** A host of MCP servers in this process, on a free port. */
export interface TestHost extends RunningHost {
  /** What it logged: sentence and fields. */
  readonly logged: readonly { readonly sentence: string; readonly fields: Readonly<Record<string, unknown>> }[]
  /** Homes that servers have now. */
  homes(): readonly string[]
}

export const HOST_TOKEN = 'host-1f6b0c2d9e8a7354-1f6b0c2d9e8a7354'

/**
 * Where the tests run as root, servers run as nobody: as they are meant to.
 * @param servers commands by name. @param more further settings of each
 */
export async function startTestHost(
  servers: Readonly<Record<string, readonly string[]>>,
  more: object = {},
  secrets: Readonly<Record<string, string>> = {},
): Promise<TestHost> {
  const homes = mkdtempSync(join(tmpdir(), 'gatescribe-homes-'))
  const logged: TestHost['logged'][number][] = []
  const note = (fields: object, sentence: string) => void logged.push({ sentence, fields: { ...fields } })
  const log: HostLog = { info: note, warn: note, error: note }
  const text = JSON.stringify({
    listen: '127.0.0.1:0',
    token: 'env:HOST_TOKEN',
    gateway: 'elsewhere',
    ...(process.getuid?.() === 0 && { user: 65534 }),
    homes,
    servers: Object.entries(servers).map(([name, command]) => ({ name, command, ...more })),
  })
  // A home is its owner's own; the folder around it is passed through.
  if (process.getuid?.() === 0) chmodSync(homes, 0o711)
  const known: Readonly<Record<string, string>> = { 'env:HOST_TOKEN': HOST_TOKEN, ...secrets }
  const host = await startHost({
    settings: parseHostSettings(text, 'mcp-host.yaml'),
    secret: async (reference) => {
      const value = known[reference]
      if (value === undefined) throw new Error(`${reference} is not there.`)
      return value
    },
    log,
    path: process.env.PATH ?? '',
  })
  return {
    url: host.url,
    logged,
    homes: () => readdirSync(homes),
    async stop() {
      await host.stop()
      rmSync(homes, { recursive: true, force: true })
    },
  }
}
