import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Host, startNetworks } from '../parts/network.ts'
import { writeBundle } from './bundle.ts'
import type { ComposeFile, Service } from './compose-file.ts'
import type { Image } from './images.ts'

export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  /** In the place of the file's own. */
  readonly entrypoint?: string
  /** Waits for nothing that the service depends on. */
  readonly noDeps?: boolean
}

/** What `docker compose` makes of a file, made by runc in network namespaces: the same commands, users, rights, mounts and networks. */
export interface Composed {
  /** As `up -d`: all services without a profile, each once what it depends on is as it wants it. */
  up(): Promise<void>
  /** As `run --rm SERVICE COMMAND…`. */
  run(service: string, command: readonly string[], options?: RunOptions): Promise<Ran>
  /** As `exec SERVICE COMMAND…`. */
  exec(service: string, command: readonly string[]): Promise<Ran>
  /** As `stop SERVICE`. @returns its exit code */
  stop(service: string, signal?: string): Promise<number>
  /** As `start SERVICE`. @param syscalls all that it may ask the kernel for; everything where it is left out */
  start(service: string, syscalls?: readonly string[]): Promise<void>
  /** What a service has said so far. */
  said(service: string): string
  host(service: string): Host
  /** Where a volume is on this machine. */
  volume(name: string): string
  /** As `down --volumes`. */
  down(): Promise<void>
}

export function compose(file: ComposeFile, images: ReadonlyMap<string, Image>): Composed {
  const folder = mkdtempSync(join(tmpdir(), 'gatescribe-compose-'))
  const networks = startNetworks(file.networks)
  const hosts = new Map(
    [...file.services.values()]
      .filter(({ networks: of }) => of.size > 0)
      .map(({ name, networks: of }) => [name, networks.host(name, [...of.keys()])]),
  )
  const running = new Map<string, { readonly child: ChildProcess; readonly id: string }>()
  const told = new Map<string, string>()
  const layers: string[] = []
  let count = 0

  for (const name of file.volumes) mkdirSync(volume(name), { recursive: true })

  function volume(name: string): string {
    if (!file.volumes.includes(name)) throw new Error(`there is no volume ${name}`)
    return join(folder, 'volumes', name)
  }

  function service(name: string): Service {
    const here = file.services.get(name)
    if (!here) throw new Error(`there is no service ${name}`)
    return here
  }

  /** The names that a service can resolve: those of its networks, there. */
  function hostsFileOf({ networks: of }: Service): string {
    const lines = ['127.0.0.1 localhost']
    for (const network of of.keys())
      for (const other of file.services.values())
        for (const alias of other.networks.get(network) ?? []) lines.push(`${hosts.get(other.name)!.address(network)} ${alias}`)
    return `${lines.join('\n')}\n`
  }

  function begin(
    name: string,
    command?: readonly string[],
    entrypoint?: string,
    syscalls?: readonly string[],
  ): { readonly child: ChildProcess; readonly id: string } {
    const here = { ...service(name), ...(entrypoint !== undefined && { entrypoint: [entrypoint] }) }
    const image = images.get(here.image)
    if (!image) throw new Error(`there is no image ${here.image}`)
    const id = `${folder.slice(folder.lastIndexOf('-') + 1)}-${name}-${++count}`
    const bundle = join(folder, 'bundles', id)
    const namespace = hosts.get(name)?.namespace
    const rootfs = layer(bundle, image.root)
    writeBundle(bundle, {
      service: here,
      image: { ...image, root: rootfs },
      hosts: hostsFileOf(here),
      volume,
      ...(namespace && { namespace }),
      ...(command && { command }),
      ...(syscalls && { syscalls }),
    })
    const child = spawn('runc', ['--root', join(folder, 'runc'), 'run', '--bundle', bundle, id], { stdio: ['ignore', 'pipe', 'pipe'] })
    return { child, id }
  }

  /** A layer of its own over an image, as an engine gives each container: mount points are made there. @returns the root file system */
  function layer(bundle: string, lower: string): string {
    const [upper, work, merged] = ['upper', 'work', 'rootfs'].map((part) => join(bundle, part)) as [string, string, string]
    for (const made of [upper, work, merged]) mkdirSync(made, { recursive: true })
    execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', `lowerdir=${lower},upperdir=${upper},workdir=${work}`, merged])
    layers.push(merged)
    return merged
  }

  async function exec(name: string, command: readonly string[]): Promise<Ran> {
    const { id } = running.get(name) ?? {}
    if (id === undefined) throw new Error(`${name} does not run`)
    return ran('runc', ['--root', join(folder, 'runc'), 'exec', id, ...command])
  }

  async function start(name: string, syscalls?: readonly string[]): Promise<void> {
    const begun = begin(name, undefined, undefined, syscalls)
    running.set(name, begun)
    const hear = (piece: Buffer) => told.set(name, (told.get(name) ?? '') + piece.toString())
    begun.child.stdout!.on('data', hear)
    begun.child.stderr!.on('data', hear)
    begun.child.once('exit', (code, signal) => hear(Buffer.from(`\n[${name} ended: ${code ?? signal}]\n`)))
  }

  async function is(name: string, condition: string): Promise<void> {
    const { child } = running.get(name)!
    if (condition === 'service_completed_successfully') {
      if (child.exitCode === null) await once(child, 'exit')
      if (child.exitCode !== 0) throw new Error(`${name} failed:\n${told.get(name)}`)
    }
    if (condition !== 'service_healthy') return
    const { test, interval, retries } = service(name).healthcheck!
    for (let tries = 0; ; tries++) {
      const { code, stderr } = await exec(name, test)
      if (code === 0) return
      if (child.exitCode !== null || tries * 250 >= interval * retries)
        throw new Error(`${name} is not healthy: ${stderr}\n${told.get(name)}`)
      await sleep(250)
    }
  }

  async function stop(name: string, signal = 'TERM'): Promise<number> {
    const { child, id } = running.get(name)!
    const ended = child.exitCode === null ? once(child, 'exit') : undefined
    await ran('runc', ['--root', join(folder, 'runc'), 'kill', id, signal])
    await ended
    running.delete(name)
    return child.exitCode ?? -1
  }

  return {
    exec,
    start,
    stop,
    volume,
    async up() {
      for (const { name, profiles, dependsOn } of inOrder(file)) {
        if (profiles.length > 0) continue
        for (const [other, condition] of dependsOn) await is(other, condition)
        await start(name)
      }
    },
    async run(name, command, { entrypoint, noDeps = false } = {}) {
      if (!noDeps) for (const [other, condition] of service(name).dependsOn) await is(other, condition)
      const { child } = begin(name, command, entrypoint)
      return collected(child)
    },
    said: (name) => told.get(name) ?? '',
    host: (name) => hosts.get(name)!,
    async down() {
      for (const { child, id } of running.values()) {
        if (child.exitCode !== null) continue
        const ended = once(child, 'exit')
        await ran('runc', ['--root', join(folder, 'runc'), 'delete', '--force', id])
        await ended
      }
      networks.remove()
      for (const mounted of layers.splice(0)) execFileSync('umount', [mounted])
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Each after what it depends on. @throws where they wait for one another */
function inOrder({ services }: ComposeFile): Service[] {
  const ordered: Service[] = []
  const visit = (name: string, above: readonly string[]) => {
    const here = services.get(name)
    if (!here) throw new Error(`${above.at(-1)} depends on ${name}, which is not there`)
    if (above.includes(name)) throw new Error(`${[...above, name].join(' waits for ')}`)
    for (const other of here.dependsOn.keys()) visit(other, [...above, name])
    if (!ordered.includes(here)) ordered.push(here)
  }
  for (const name of services.keys()) visit(name, [])
  return ordered
}

function ran(command: string, args: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(command, args, { timeout: 60_000 }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, stdout, stderr }),
    )
  })
}

async function collected(child: ChildProcess): Promise<Ran> {
  let [stdout, stderr] = ['', '']
  child.stdout!.on('data', (piece: Buffer) => {
    stdout += piece
  })
  child.stderr!.on('data', (piece: Buffer) => {
    stderr += piece
  })
  await once(child, 'close')
  return { code: child.exitCode ?? -1, stdout, stderr }
}
