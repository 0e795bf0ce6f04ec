import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parse } from 'yaml'

/** A service of a compose file, as far as deploy/compose.yaml uses what there is. */
export interface Service {
  readonly name: string
  /** Without its tag. */
  readonly image: string
  readonly entrypoint?: readonly string[]
  readonly command?: readonly string[]
  readonly user?: string
  readonly environment: Readonly<Record<string, string>>
  /** Network → the names that the service has in it; nothing where it has no network at all. */
  readonly networks: ReadonlyMap<string, readonly string[]>
  readonly mounts: readonly Mount[]
  readonly tmpfs: readonly string[]
  readonly readOnly: boolean
  readonly dropsAll: boolean
  readonly adds: readonly string[]
  readonly noNewPrivileges: boolean
  readonly pids: number
  readonly dependsOn: ReadonlyMap<string, 'service_started' | 'service_healthy' | 'service_completed_successfully'>
  readonly healthcheck?: { readonly test: readonly string[]; readonly interval: number; readonly retries: number }
  readonly profiles: readonly string[]
}

export interface Mount {
  /** A folder or file of this machine, or the name of a volume. */
  readonly source: string
  readonly isVolume: boolean
  readonly target: string
  readonly readOnly: boolean
}

export interface ComposeFile {
  readonly services: ReadonlyMap<string, Service>
  /** Those that lead nowhere else. */
  readonly internal: readonly string[]
  readonly networks: readonly string[]
  readonly volumes: readonly string[]
}

/** Fields that {@link readCompose} understands, and those that change nothing for a container that is run by itself. */
const KNOWN = new Set(
  'image entrypoint command user environment networks network_mode volumes tmpfs read_only cap_drop cap_add security_opt pids_limit depends_on healthcheck profiles restart build logging stop_grace_period shm_size'.split(
    ' ',
  ),
)

// biome-ignore lint/suspicious/noExplicitAny: YAML that is judged below, and by the specification's own schema elsewhere.
type Written = any

/** @throws where the file has a field that would not be obeyed: what is tested is all that is written */
export function readCompose(path: string): ComposeFile {
  const file: Written = parse(readFileSync(path, 'utf8').replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1'), { merge: true })
  const services = Object.entries<Written>(file.services).map(([name, written]) => service(name, written, dirname(path)))
  return {
    services: new Map(services.map((each) => [each.name, each])),
    networks: Object.keys(file.networks),
    internal: Object.entries<Written>(file.networks).flatMap(([name, network]) => (network?.internal === true ? [name] : [])),
    volumes: Object.keys(file.volumes),
  }
}

function service(name: string, written: Written, folder: string): Service {
  const unknown = Object.keys(written).filter((field) => !KNOWN.has(field))
  if (unknown.length > 0) throw new Error(`${name}: ${unknown.join(', ')} would not be obeyed by this test`)
  if (written.networks === undefined && written.network_mode !== 'none') throw new Error(`${name} would be in the default network`)
  const { test, interval, retries } = written.healthcheck ?? {}
  return {
    name,
    image: written.image.replace(/:[^:/]*$/, ''),
    ...(written.entrypoint && { entrypoint: written.entrypoint }),
    ...(written.command && { command: written.command }),
    ...(written.user && { user: written.user }),
    environment: written.environment ?? {},
    networks: new Map(
      Array.isArray(written.networks)
        ? written.networks.map((network: string) => [network, [name]])
        : Object.entries<Written>(written.networks ?? {}).map(([network, { aliases = [] }]) => [network, [name, ...aliases]]),
    ),
    mounts: (written.volumes ?? []).map((text: string) => mount(text, folder)),
    tmpfs: written.tmpfs ?? [],
    readOnly: written.read_only === true,
    dropsAll: written.cap_drop?.includes('ALL') ?? false,
    adds: written.cap_add ?? [],
    noNewPrivileges: written.security_opt?.includes('no-new-privileges:true') ?? false,
    pids: written.pids_limit,
    dependsOn: new Map(Object.entries<Written>(written.depends_on ?? {}).map(([other, { condition }]) => [other, condition])),
    ...(test && { healthcheck: { test: test.slice(1), interval: Number.parseInt(interval, 10) * 1000, retries } }),
    profiles: written.profiles ?? [],
  }
}

function mount(text: string, folder: string): Mount {
  const [source = '', target = '', mode] = text.split(':')
  const isVolume = !/^[./]/.test(source)
  return { source: isVolume ? source : resolve(folder, source), isVolume, target, readOnly: mode === 'ro' }
}
