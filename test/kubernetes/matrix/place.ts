import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Ran, RunOptions } from '../../parts/command.ts'
import { runCommand } from '../../parts/command.ts'
import type { RunningCluster } from '../../parts/kubernetes-cluster.ts'

/** One way to the API server: its address as clients see it, and a kubeconfig for the same user of it. */
export interface Way {
  readonly name: 'direct' | 'gateway'
  readonly server: string
  readonly kubeconfig: string
}

/** Where a case runs: a namespace and a folder of its own for each way, with names of the same length. */
export interface Place {
  readonly way: Way
  readonly cluster: RunningCluster
  readonly namespace: string
  /** For files, empty. */
  readonly folder: string
  /** The name of something that is in no namespace. */
  named(name: string): string
  /** Writes a file; @returns its path */
  file(name: string, content: string | Uint8Array | object): string
  /** A kubectl (by default the newest) on this way, in this namespace. */
  kubectl(words: readonly string[], options?: RunOptions & { readonly command?: string }): Promise<Ran>
  helm(words: readonly string[], options?: RunOptions): Promise<Ran>
  /** Any program, told of the kubeconfig by KUBECONFIG. */
  run(command: string, words: readonly string[], options?: RunOptions): Promise<Ran>
  /** kubectl as the administrator, straight to the API server. @throws what it says where it fails */
  prepare(words: readonly string[], options?: RunOptions): Promise<Ran>
  /** `prepare` of `apply -f` of this object. */
  given(object: object): Promise<void>
}

/** @param number of the case. @param folder below which the place has its own */
export async function makePlace(way: Way, cluster: RunningCluster, number: number, folder: string): Promise<Place> {
  const namespace = `case-${String(number).padStart(3, '0')}-${way.name === 'direct' ? 'd' : 'g'}`
  const own = join(folder, namespace)
  // What a client keeps of a server is its own, so that each starts alike.
  const home = join(own, 'home')
  mkdirSync(home, { recursive: true })
  await cluster.namespace(namespace)
  const env = { HOME: home, KUBECONFIG: way.kubeconfig, HELM_CACHE_HOME: join(home, 'helm') }
  const run: Place['run'] = (command, words, options = {}) =>
    runCommand(command, words, { cwd: own, ...options, env: { ...env, ...options.env } })
  const prepare: Place['prepare'] = async (words, options) => {
    const ran = await cluster.kubectl(['-n', namespace, ...words], { cwd: own, ...options })
    if (ran.status !== 0) throw new Error(`kubectl ${words.join(' ')}: ${ran.stderr}${ran.stdout}`)
    return ran
  }
  return {
    way,
    cluster,
    namespace,
    folder: own,
    named: (name) => `${name}-${namespace}`,
    file(name, content) {
      const path = join(own, name)
      writeFileSync(path, typeof content === 'string' || content instanceof Uint8Array ? content : JSON.stringify(content))
      return path
    },
    kubectl: (words, { command = cluster.binaries.kubectl, ...options } = {}) => run(command, ['-n', namespace, ...words], options),
    helm: (words, options) => run(cluster.binaries.helm, ['-n', namespace, ...words], options),
    run,
    prepare,
    given: async (object) => void (await prepare(['apply', '-f', '-'], { input: JSON.stringify(object) })),
  }
}
