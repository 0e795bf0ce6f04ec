import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Ran, type RunOptions, runCommand } from './command.ts'
import { type Loss, lossRules, ownPrefix, removedAtTheEnd, removeNamespaces, said } from './network-namespaces.ts'
import { found } from './require.ts'

/** What a test says it needs where {@link networksHere} is false. */
export const NETWORKS = 'network namespaces (Linux, root, Debian: iproute2 nftables)'

/** Whether namespaces can be made: a Linux, its root and the two commands. */
export function networksHere(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0 || !found('ip') || !found('nft') || !found('unshare')) return false
  return spawnSync('unshare', ['--net', 'true']).status === 0
}

/** Whether this process sees no other interface than loopback and what {@link Networks.plugIn} gave it: what test/parts/in-own-network.sh makes. */
export function hasOwnNetwork(): boolean {
  return process.platform === 'linux' && process.env.GATESCRIBE_OWN_NETWORK === readlinkSync('/proc/self/ns/net')
}

export interface HostOptions {
  /** Whom it runs commands as; root by default. */
  readonly user?: { readonly uid: number; readonly gid: number }
}

/** A network namespace: an own loopback, and a leg in each network that it is plugged into. */
export interface Host {
  readonly name: string
  /** As `ip netns` calls it. */
  readonly namespace: string
  /** Its address in a network. @throws where it is not plugged into it */
  address(network: string): string
  /** What names lead to from here on, for what is started later: its /etc/hosts, beside localhost. No other name resolves. */
  names(addresses: Readonly<Record<string, string>>): void
  /** The words that run a command here; what is run has the pid that was spawned. */
  words(command: string, words: readonly string[], options?: HostOptions): [string, ...string[]]
  spawn(command: string, words: readonly string[], options?: SpawnOptions & HostOptions): ChildProcess
  /** Never rejects for an exit code. */
  run(command: string, words: readonly string[], options?: RunOptions & HostOptions): Promise<Ran>
  /** What becomes of a TCP connection from here. @param patience ms, by default 1,500. @returns `connected`, the error's code, or `ETIMEDOUT` */
  reach(address: string, port: number, patience?: number): Promise<string>
  /** Nothing comes and nothing goes any more, without anybody being told: as a switch that lost its power. */
  cut(network: string): void
  /** Drops a share of the packets in both directions. @param percent 0 to 100 */
  lose(network: string, percent: number): void
  /** Ends `cut` and `lose`. */
  heal(network: string): void
}

export interface Networks {
  /** Makes a host with a leg in each of these networks. */
  host(name: string, networks: readonly string[]): Host
  /** Gives the namespace that this process is in a leg as well. Only where it has one of its own. @returns its address */
  plugIn(network: string): string
  /** Takes that leg away again. */
  unplug(network: string): void
  /** Ends what runs in them, and removes them all. They are removed as well where this process ends otherwise. */
  remove(): void
}

/**
 * Networks that know nothing of one another: each is a switch with a /24 of its own (10.203.1.0 and on), and no host forwards. Made with
 * `ip netns`, under names that no other run has; nothing of the machine's own network is touched.
 *
 * @param names of the networks: short, since interfaces are called after them
 * @throws with what `ip` says
 */
export function startNetworks(names: readonly string[]): Networks {
  const prefix = ownPrefix(randomBytes(3).toString('hex'))
  const release = removedAtTheEnd(prefix)
  const hub = `${prefix}switch`
  const losses = new Map<string, Loss>()
  /** The next host's last number, by network. */
  const next = new Map(names.map((name) => [name, 1]))
  let ports = 0

  said('ip', ['netns', 'add', hub])
  for (const name of names) {
    if (!/^[a-z][a-z0-9]{0,11}$/.test(name)) throw new Error(`${name} is no name for an interface`)
    said('ip', ['-n', hub, 'link', 'add', name, 'type', 'bridge'])
    said('ip', ['-n', hub, 'link', 'set', name, 'up'])
  }

  /** A cable from a namespace (a name, or the pid of a process in it) into a network. */
  function cable(network: string, namespace: string | number): { readonly port: string; readonly address: string } {
    const last = next.get(network)
    if (last === undefined) throw new Error(`there is no network ${network}`)
    next.set(network, last + 1)
    const port = `port${++ports}`
    const address = `10.203.${names.indexOf(network) + 1}.${last}`
    said('ip', ['link', 'add', network, 'netns', String(namespace), 'type', 'veth', 'peer', 'name', port, 'netns', hub])
    said('ip', ['-n', hub, 'link', 'set', port, 'master', network, 'up'])
    const within = typeof namespace === 'string' ? ['-n', namespace] : []
    said('ip', [...within, 'addr', 'add', `${address}/24`, 'dev', network])
    said('ip', [...within, 'link', 'set', network, 'up'])
    return { port, address }
  }

  function lose(port: string, loss: Loss | undefined): void {
    if (loss === undefined) losses.delete(port)
    else losses.set(port, loss)
    said('ip', ['netns', 'exec', hub, 'nft', '-f', '-'], lossRules(losses))
  }

  return {
    host(name, networks) {
      const namespace = `${prefix}${name}`
      said('ip', ['netns', 'add', namespace])
      said('ip', ['-n', namespace, 'link', 'set', 'lo', 'up'])
      const legs = new Map(networks.map((network) => [network, cable(network, namespace)]))
      const leg = (network: string) => {
        const here = legs.get(network)
        if (here === undefined) throw new Error(`${name} has no leg in ${network}`)
        return here
      }
      return hostAt({ name, namespace, leg, lose })
    },
    plugIn: (network) => {
      if (!hasOwnNetwork()) throw new Error("this process is in the machine's own network: start it with test/parts/in-own-network.sh")
      return cable(network, process.pid).address
    },
    unplug: (network) => void said('ip', ['link', 'del', network]),
    remove() {
      release()
      removeNamespaces(prefix)
    },
  }
}

interface HostParts {
  readonly name: string
  readonly namespace: string
  leg(network: string): { readonly port: string; readonly address: string }
  lose(port: string, loss: Loss | undefined): void
}

function hostAt({ name, namespace, leg, lose }: HostParts): Host {
  /** What `ip netns exec` puts in the place of /etc. */
  const etc = join('/etc/netns', namespace)
  const names: Host['names'] = (addresses) => {
    mkdirSync(etc, { recursive: true })
    const lines = Object.entries({ localhost: '127.0.0.1', ...addresses }).map(([host, address]) => `${address} ${host}\n`)
    writeFileSync(join(etc, 'hosts'), lines.join(''))
    writeFileSync(join(etc, 'resolv.conf'), 'options timeout:1 attempts:1\n')
  }
  names({})
  const words: Host['words'] = (command, rest, { user } = {}) => {
    const as = user ? ['setpriv', `--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups', '--'] : []
    return ['ip', 'netns', 'exec', namespace, ...as, command, ...rest]
  }
  return {
    name,
    namespace,
    address: (network) => leg(network).address,
    names,
    words,
    spawn(command, rest, { user, ...options } = {}) {
      const [first, ...others] = words(command, rest, { ...(user && { user }) })
      return spawn(first, others, options)
    },
    run(command, rest, { user, ...options } = {}) {
      const [first, ...others] = words(command, rest, { ...(user && { user }) })
      return runCommand(first, others, options)
    },
    async reach(address, port, patience = 1_500) {
      const [first, ...others] = words(process.execPath, [join(import.meta.dirname, 'reach.ts'), address, String(port), String(patience)])
      const { stdout, stderr } = await runCommand(first, others, { patience: patience + 10_000 })
      return stdout.trim() || stderr
    },
    cut: (network) => lose(leg(network).port, 'everything'),
    lose: (network, percent) => lose(leg(network).port, percent),
    heal: (network) => lose(leg(network).port, undefined),
  }
}
