import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { digest, gatescribeCache, ownProgram } from './kubernetes-binaries.ts'

const CLIENTS = join(import.meta.dirname, '../kubernetes/clients')

/** What a test says it needs where {@link clientsAreInstalled} says no. */
export const KUBERNETES_CLIENTS = 'client libraries and an old kubectl (test/kubernetes/clients/install.sh)'

/** Where test/kubernetes/clients/install.sh put what it installs, and parts/build.sh its program; they need not be there. */
export function clientLibraries(): { readonly python: string; readonly node: string; readonly go: string; readonly oldKubectl: string } {
  const folder = join(gatescribeCache(), 'kubernetes-clients')
  return {
    python: join(folder, `python-${digest([join(CLIENTS, 'python/requirements.txt')])}`, 'bin/python'),
    node: join(folder, `node-${digest([join(CLIENTS, 'node/package-lock.json')])}`),
    go: ownProgram('clientgo'),
    oldKubectl: join(folder, 'kubectl-debian-12/usr/bin/kubectl'),
  }
}

export function clientsAreInstalled(): boolean {
  return Object.values(clientLibraries()).every((path) => existsSync(path))
}
