import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** Paths of the commands that test/kubernetes/parts/build.sh builds. */
export interface KubernetesBinaries {
  readonly etcd: string
  readonly apiServer: string
  readonly kwok: string
  /** Of our own: exec, attach, port-forward and logs with the kubelet's code over processes of this machine. */
  readonly podstreams: string
  readonly kubectl: string
  readonly helm: string
}

const PARTS = join(import.meta.dirname, '../kubernetes/parts')

/** What a test says it needs where {@link kubernetesBinaries} has nothing. */
export const KUBERNETES_PARTS = 'an API server with its clients (test/kubernetes/parts/build.sh builds them with Go)'

/** The real parts of this version, or undefined where they were not built. */
export function kubernetesBinaries(): KubernetesBinaries | undefined {
  const path = (name: string) => join(builtFolder(), name)
  const binaries = {
    etcd: path('etcd'),
    apiServer: path('kube-apiserver'),
    kwok: path('kwok'),
    podstreams: ownProgram('podstreams'),
    kubectl: path('kubectl'),
    helm: path('helm'),
  }
  return Object.values(binaries).every((binary) => existsSync(binary)) ? binaries : undefined
}

/** Path of a program of our own among the parts, as build.sh names it: after what it is made of. It need not be there. */
export function ownProgram(name: string): string {
  const folder = join(PARTS, name)
  const sources = readdirSync(folder).filter((file) => file.endsWith('.go'))
  return join(builtFolder(), `${name}-${digest(sources.sort().map((file) => join(folder, file)))}`)
}

function builtFolder(): string {
  return join(gatescribeCache(), 'kubernetes', digest([join(PARTS, 'go.mod'), join(PARTS, 'go.sum')]))
}

/** Where .ci/run and what it calls keep what is slow to make. */
export function gatescribeCache(): string {
  return process.env.GATESCRIBE_CACHE || join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'gatescribe')
}

/** As `cat … | sha256sum | cut -c 1-16` has it. */
export function digest(files: readonly string[]): string {
  const hash = createHash('sha256')
  for (const file of files) hash.update(readFileSync(file))
  return hash.digest('hex').slice(0, 16)
}
