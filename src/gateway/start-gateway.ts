import { resolve } from 'node:path'
import type { Reloaded } from '../api/local/index.ts'
import { type Listening, listenLocally, localApi } from '../api/local/index.ts'
import { adminUrlOf, loadConfig, watchConfig } from '../config/index.ts'
import { CodedError, Refusal } from '../operations/index.ts'
import type { NewLogOrder } from '../trail/index.ts'
import { beginBreakGlass } from './breaking-glass.ts'
import { type Doors, openDoors } from './doors.ts'
import type { GatewayLog } from './log.ts'
import { operatorOf, type Viewer } from './operator.ts'
import { LOCAL_OPERATOR } from './records.ts'
import { createReload, type Reload } from './reload.ts'
import { openRooms, type Rooms } from './rooms.ts'
import { startTelling, type Telling } from './telling/index.ts'
import { version } from './version.ts'
import { whoApproves } from './who-approves.ts'

export interface StartOptions {
  readonly configPath: string
  readonly log: GatewayLog
  /** Sets the log aside that is there, because it may not go on, and begins a new one. */
  readonly newLog?: NewLogOrder
  /** Gives up a start that is under way. */
  readonly signal?: AbortSignal
}

/** A gateway in this process. */
export interface RunningGateway {
  readonly ready: Listening & { readonly socket: string }
  /** Where the first administrator signs in: to be shown once, to whoever started this. Undefined where none is needed. */
  readonly firstAdminLink: string | undefined
  /** Drains, at most for `gateway.drain`, then stops. Called again, it returns the same promise. */
  stop(): Promise<void>
  /** Resolves with the exit code once everything is closed, whoever caused it: 0 after a stop that was asked for. */
  readonly stopped: Promise<number>
  reload(): Promise<Reloaded>
}

/** How long sessions have to tell their clients and close, once they must; ms. */
const CUT_MS = 1_000
const DAY_MS = 24 * 3_600_000

/**
 * Builds the house, records the start, then opens the doors: nothing is served before `gateway.start` is durable.
 * @throws CodedError where a part cannot stand; nothing stays open then
 */
export async function startGateway({ configPath, log, newLog, signal }: StartOptions): Promise<RunningGateway> {
  const path = resolve(configPath)
  const loaded = loadConfig(path, process.env)
  for (const { file, line, column, message, next } of loaded.warnings) log.warn({ at: `${file}:${line}:${column}`, next }, message)
  const rooms = await openRooms(loaded, log, newLog ? { newLog } : {})
  const gateway = new Gateway(rooms, log, path)
  try {
    signal?.throwIfAborted()
    await gateway.open()
    signal?.throwIfAborted()
    return gateway
  } catch (error) {
    await gateway.stop()
    throw error
  }
}

class Gateway implements RunningGateway {
  readonly stopped: Promise<number>
  readonly reload: Reload
  firstAdminLink: string | undefined
  readonly #rooms: Rooms
  readonly #log: GatewayLog
  readonly #path: string
  readonly #closing = new AbortController()
  #doors: Doors | undefined
  #telling: Telling | undefined
  #isOpen = false
  #socket: { readonly path: string; close(): Promise<void> } | undefined
  #stopping: Promise<void> | undefined
  /** What the process will exit with. */
  #code = 0
  #exit: (code: number) => void = () => {}

  constructor(rooms: Rooms, log: GatewayLog, path: string) {
    this.#rooms = rooms
    this.#log = log
    this.#path = path
    this.reload = createReload(rooms, path)
    this.stopped = new Promise((resolve) => {
      this.#exit = resolve
    })
  }

  get ready(): RunningGateway['ready'] {
    if (this.#doors === undefined || this.#socket === undefined) throw new Error('the doors are not open yet')
    return { ...this.#listening(), socket: this.#socket.path }
  }

  async open(): Promise<void> {
    const { inForce, records, trail } = this.#rooms
    const { loaded, policy } = inForce.taken
    const { durability } = inForce.config.gateway
    const draining = () => this.#stopping !== undefined
    const connections = () => this.#doors?.connections() ?? []
    this.#telling = await startTelling(this.#rooms, this.#log, { isOpen: () => this.#isOpen, draining, connections })
    await records.gatewayStarted(
      { version: version(), node: process.versions.node, durability, config: loaded.digest, policy: policy.digest },
      loaded.text,
    )
    await this.#rooms.retention.finish()
    this.#rooms.approvals?.start(policy.digest, whoApproves(inForce.config))
    this.#rooms.channels?.begin()
    const { breakGlass, channels } = this.#rooms
    if (breakGlass) await beginBreakGlass(breakGlass, channels, this.#log, this.#closing.signal)
    const parts = {
      rooms: this.#rooms,
      configPath: this.#path,
      listening: () => this.#listening(),
      draining,
      reload: this.reload,
      startedAt: Date.now(),
    }
    const operatorFor = (viewer: Viewer) => operatorOf(parts, viewer)
    const closing = this.#closing.signal
    this.#doors = await openDoors(this.#rooms, this.#log, { draining, operatorFor, closing })
    this.#socket = await listenLocally(inForce.config.gateway.data, localApi(operatorFor({ name: LOCAL_OPERATOR }), this.#log, closing))
    await this.#offerFirstAdmin()
    this.#isOpen = true
    this.#watch()
    this.#rooms.searching.start()
    this.#rooms.retention.start()
    this.#rooms.exporting.start()
    void trail.failure.then((error) => {
      this.#log.fatal({ code: error.code, next: error.next }, error.message)
      void this.#stop(1, new Refusal('GS_TRAIL_UNAVAILABLE', { reason: error.message }))
    })
  }

  /** @throws TrailError: then nobody is shown a link that the trail does not know of */
  async #offerFirstAdmin(): Promise<void> {
    const { people, inForce } = this.#rooms
    const token = people?.signIn.offerFirstAdmin()
    if (token === undefined) return
    await people?.records.firstAdminOffered()
    this.firstAdminLink = `${adminUrlOf(inForce.config.gateway)}/signin?first=${token}`
  }

  stop(): Promise<void> {
    return this.#stop(0, new Refusal('GS_SESSION_ENDED', { reason: 'The gateway is stopping.' }))
  }

  /** Once, whoever asks first; that the trail failed meanwhile still shows in the exit code. */
  #stop(code: number, reason: Refusal): Promise<void> {
    this.#code = Math.max(this.#code, code)
    this.#stopping ??= this.#shut(reason).finally(() => this.#exit(this.#code))
    return this.#stopping
  }

  async #shut(reason: Refusal): Promise<void> {
    const { inForce, runs, trail } = this.#rooms
    await this.#doors?.closeToNew()
    const drained = runs.drain()
    // A failed trail drains nobody: nothing could be recorded.
    await Promise.race([drained, wait(inForce.config.gateway.drain), trail.failure])
    runs.endAll(reason)
    await Promise.race([drained, wait(CUT_MS)])
    // Not sooner: sessions that drain may cancel a statement, which takes a stream of its own.
    this.#rooms.connectors?.close()
    this.#closing.abort()
    await this.#doors?.close()
    await this.#socket?.close()
    await this.#telling?.close()
    await this.#rooms.close(this.#code === 0 ? 'asked' : 'trail-failed')
  }

  #listening(): Listening {
    const metrics = this.#telling?.listening
    return { ...this.#doors?.listening, ...(metrics !== undefined && { metrics }) }
  }

  async #renewCertificates(): Promise<void> {
    await this.#doors?.renewCertificates()
    this.#telling?.setTls(this.#rooms.tls.options())
  }

  /** A changed file is taken or refused by `reload`, which records it; a daily look renews what is near its end. */
  #watch(): void {
    const { signal } = this.#closing
    const { loaded } = this.#rooms.inForce.taken
    const onChange = () =>
      void this.reload().then(
        ({ policy }) => this.#log.info({ policy }, 'the changed configuration is in force'),
        (error: unknown) => this.#log.error(described(error), 'the changed configuration is refused, the running one stays'),
      )
    watchConfig({ path: this.#path, env: process.env, current: loaded, onChange, signal })
    const daily = setInterval(() => {
      this.#renewCertificates().catch((error: unknown) => this.#log.error(described(error), 'certificates could not be renewed'))
    }, DAY_MS).unref()
    signal.addEventListener('abort', () => clearInterval(daily), { once: true })
  }
}

function described(error: unknown): object {
  return error instanceof CodedError ? { code: error.code, reason: error.message, next: error.next } : { err: error }
}

/** Does not keep the process alive. */
function wait(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms).unref())
}
