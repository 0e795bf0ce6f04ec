import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { builtCommand } from '../parts/built.ts'
import { cacheFolder } from '../parts/cache-folder.ts'
import { boundToThisProcess } from '../parts/lifetime.ts'
import type { Host } from '../parts/network.ts'

export interface ConnectorOptions {
  readonly host: Host
  /** `https://host:port`, as the host knows it. */
  readonly gateway: string
  /** PEM of the CA of that door. */
  readonly ca: string
  readonly name: string
  /** `host:port`, as the command takes them. */
  readonly allow: readonly string[]
  /** What it enrols with. */
  readonly token: string
  /** Further words of `gatescribe connector`. */
  readonly words?: readonly string[]
}

/** `gatescribe connector`, as it is published, in a host. */
export interface RunningConnector {
  readonly host: Host
  readonly pid: number
  log(): string
  /** SIGSTOP and SIGCONT: it hears nothing and says nothing. */
  freeze(): void
  thaw(): void
  /** SIGKILL; resolves once it is gone. */
  kill9(): Promise<void>
  /** SIGTERM. @returns the exit code, once it has ended: sessions may take as long as they like */
  drain(): Promise<number | null>
  /** Over the same data, after an end or beside one that drains. @param words further ones of this start alone */
  again(words?: readonly string[]): Promise<RunningConnector>
  /** Ends it if it runs, and removes its data. */
  remove(): Promise<void>
}

/** Starts a connector. It may take a while until its link is up: that is for the gateway to say. */
export async function startConnectorProcess(options: ConnectorOptions): Promise<RunningConnector> {
  const folder = mkdtempSync(join(tmpdir(), 'gatescribe-connector-'))
  writeFileSync(join(folder, 'ca.pem'), options.ca)
  writeFileSync(join(folder, 'token'), `${options.token}\n`, { mode: 0o600 })
  return launch(folder, options)
}

async function launch(folder: string, options: ConnectorOptions, more: readonly string[] = []): Promise<RunningConnector> {
  const { host, gateway, name, allow, words = [] } = options
  const command = await builtCommand()
  const logPath = join(folder, 'log')
  const logged = openSync(logPath, 'a')
  const child: ChildProcess = host.spawn(
    process.execPath,
    [
      ...[command, 'connector', '--gateway', gateway, '--ca', join(folder, 'ca.pem'), '--name', name, '--data', join(folder, 'data')],
      ...[...allow.flatMap((target) => ['--allow', target]), '--token-file', join(folder, 'token'), '--log-format', 'json'],
      ...[...words, ...more],
    ],
    {
      cwd: folder,
      stdio: ['ignore', logged, logged],
      env: { PATH: process.env.PATH, HOME: folder, XDG_CACHE_HOME: cacheFolder(), TZ: 'UTC' },
    },
  )
  closeSync(logged)
  const release = boundToThisProcess(child, folder)
  const isRunning = () => child.exitCode === null && child.signalCode === null
  const ended = async (signal: NodeJS.Signals) => {
    if (isRunning()) {
      const exit = once(child, 'exit')
      child.kill(signal)
      await exit
    }
    return child.exitCode
  }
  return {
    host,
    pid: child.pid as number,
    log: () => readFileSync(logPath, 'utf8'),
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    kill9: async () => void (await ended('SIGKILL')),
    drain: () => ended('SIGTERM'),
    again: (later) => launch(folder, options, later),
    async remove() {
      await ended('SIGKILL')
      release()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
