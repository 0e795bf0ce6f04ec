import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes, randomInt } from 'node:crypto'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type LocalClient, localClient, socketTransport } from '../../src/api/local/index.ts'
import { builtCommand } from './built.ts'
import { cacheFolder } from './cache-folder.ts'
import { ALLOW_ALL, type TargetOptions, type WrittenConfig, writtenIssuer, writtenResource } from './gateway-config.ts'
import type { TestIssuer } from './issuer.ts'
import { boundToThisProcess } from './lifetime.ts'
import { exchangeToken, type JobCredential } from './token-exchange.ts'

export interface GatewayOptions {
  readonly issuer: TestIssuer
  readonly targets: readonly TargetOptions[]
  /** The data folder, where it is not to be in the gateway's own folder. */
  readonly data?: string
  /** Last word on what is written to the configuration. */
  readonly adjust?: (config: WrittenConfig) => void
  /** Milliseconds until a start counts as failed; default 25,000, within which a busy machine starts one. How long it may take is test/postgres/start-stop.test.ts. */
  readonly patience?: number
  /** Added to its environment. */
  readonly environment?: Readonly<Record<string, string>>
}

export interface RunningGateway {
  readonly host: '127.0.0.1'
  /** Of the PostgreSQL plane; 0 where it has none. */
  readonly port: number
  readonly tokenPort: number
  readonly pid: number
  /** From the start of the process until it said that it is ready. */
  readonly readyMs: number
  /** Configuration, key and, unless said otherwise, data. */
  readonly folder: string
  readonly data: string
  readonly configPath: string
  /** The names CA, PEM; certificates are for `localhost`. */
  readonly ca: string
  /** What an operator may do, over the local socket. */
  readonly operator: LocalClient
  /** Everything it has written to standard error and output. */
  log(): string
  /** A job's credential: a token is minted and exchanged. Another `run_id` is another run; by default each call is one. */
  credential(claims?: Record<string, unknown>): Promise<JobCredential>
  /** Writes the configuration with other sections in it and makes the gateway read it. @throws what the gateway refuses */
  reconfigure(change: Partial<WrittenConfig>): Promise<void>
  /** The configuration as it was written last. */
  readonly config: Readonly<WrittenConfig>
  /** SIGTERM. @returns the exit code, once it has ended */
  stop(): Promise<number | null>
  /** SIGKILL; resolves once it is gone. */
  kill9(): Promise<void>
  /** Starts again over the same folder, after `stop` or `kill9`; on other ports. @param words further ones of `gatescribe start`. @param change of the configuration */
  again(words?: readonly string[], change?: Partial<WrittenConfig>): Promise<RunningGateway>
  /** Ends it if it runs, and removes its folder. */
  remove(): Promise<void>
}

/** Starts a whole gateway, as an operator would: a folder, a configuration, `gatescribe start` of the command as it is published. */
export async function startGateway(options: GatewayOptions): Promise<RunningGateway> {
  const folder = mkdtempSync(join(tmpdir(), 'gatescribe-gateway-'))
  const config: WrittenConfig = {
    gateway: {
      origin: 'gateway.test/tests',
      data: options.data ?? './data',
      listen: { postgres: '127.0.0.1:0', token: '127.0.0.1:0' },
      tls: { names: ['localhost'] },
      masterKey: 'file:./master.key',
      drain: '5s',
    },
    issuers: [writtenIssuer(options.issuer.url)],
    resources: options.targets.map((target) => writtenResource(folder, target)),
    rules: [ALLOW_ALL],
  }
  options.adjust?.(config)
  writeFileSync(join(folder, 'master.key'), `${randomBytes(32).toString('base64')}\n`, { mode: 0o600 })
  writeFileSync(join(folder, 'gatescribe.yaml'), JSON.stringify(config, null, 2))
  return launch(folder, config, options)
}

async function launch(
  folder: string,
  config: WrittenConfig,
  options: GatewayOptions,
  words: readonly string[] = [],
): Promise<RunningGateway> {
  const configPath = join(folder, 'gatescribe.yaml')
  const logPath = join(folder, 'log')
  const logged = openSync(logPath, 'a')
  const skipped = readFileSync(logPath, 'utf8').length
  const command = await builtCommand()
  const began = performance.now()
  const child = spawn(process.execPath, [command, 'start', '-c', configPath, '--log-format', 'json', ...words], {
    cwd: folder,
    stdio: ['ignore', logged, logged],
    // What Node compiled of our code is the same for all of them: only the first has to do it.
    env: { PATH: process.env.PATH, HOME: folder, XDG_CACHE_HOME: cacheFolder(), TZ: 'UTC', ...options.environment },
  })
  closeSync(logged)
  const release = boundToThisProcess(child, folder)
  const log = () => readFileSync(logPath, 'utf8')
  const ready = await readyLine(child, () => log().slice(skipped), options.patience ?? 25_000)
  const readyMs = performance.now() - began
  const operator = localClient(socketTransport(ready.socket))
  const { pem } = await operator.ca()
  const ended = async (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) {
      const exit = once(child, 'exit')
      child.kill(signal)
      await exit
    }
    return child.exitCode
  }
  const tokenPort = portOf(ready.token)
  return {
    host: '127.0.0.1',
    port: ready.postgres === undefined ? 0 : portOf(ready.postgres),
    tokenPort,
    pid: child.pid as number,
    readyMs,
    folder,
    data: options.data ?? join(folder, 'data'),
    configPath,
    config,
    ca: pem,
    operator,
    log,
    credential: (claims) =>
      exchangeToken({ port: tokenPort, ca: pem, issuer: options.issuer, claims: { run_id: String(randomInt(2 ** 40)), ...claims } }),
    async reconfigure(change) {
      Object.assign(config, change)
      writeFileSync(configPath, JSON.stringify(config, null, 2))
      await operator.reload()
    },
    stop: () => ended('SIGTERM'),
    kill9: async () => void (await ended('SIGKILL')),
    async again(words = [], change = {}) {
      await ended('SIGTERM')
      release()
      Object.assign(config, change)
      writeFileSync(configPath, JSON.stringify(config, null, 2))
      return launch(folder, config, options, words)
    },
    async remove() {
      await ended('SIGTERM')
      release()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

interface Ready {
  readonly postgres?: string
  readonly token: string
  readonly socket: string
}

async function readyLine(child: ChildProcess, said: () => string, patience: number): Promise<Ready> {
  const giveUp = performance.now() + patience
  for (;;) {
    // What stands behind the last end of a line may be the beginning of one.
    const lines = said().split('\n').slice(0, -1)
    for (const line of lines.filter((text) => text.startsWith('{'))) {
      const fields = JSON.parse(line) as { msg?: string } & Ready
      if (fields.msg === 'ready') return fields
    }
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`the gateway ended at once (${child.exitCode ?? child.signalCode}):\n${said()}`)
    if (performance.now() > giveUp) {
      child.kill('SIGKILL')
      throw new Error(`the gateway was not ready within ${patience} ms:\n${said()}`)
    }
    await sleep(5)
  }
}

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(':') + 1))
}
