import { execFile, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { networksHere } from '../parts/network.ts'
import { found } from '../parts/require.ts'

/** What a test says it needs where {@link containersHere} is false. */
export const CONTAINERS = 'containers (Linux, root, Debian: buildah runc debootstrap iproute2 nftables)'

/** Whether images can be built and run here, by the tools that engines are made of. */
export function containersHere(): boolean {
  return networksHere() && ['buildah', 'runc', 'debootstrap'].every((name) => found(name)) && spawnSync('runc', ['--version']).status === 0
}

export interface Image {
  /** Its root file system, mounted. */
  readonly root: string
  /** As the image says it (Docker image specification 1.2). */
  readonly config: {
    readonly User?: string
    readonly Env?: readonly string[]
    readonly Entrypoint?: readonly string[]
    readonly Cmd?: readonly string[]
    readonly WorkingDir?: string
    readonly StopSignal?: string
    readonly Labels?: Readonly<Record<string, string>>
    readonly Volumes?: Readonly<Record<string, unknown>>
    readonly Healthcheck?: { readonly Test: readonly string[] }
  }
}

/** Builds what is not there yet. @returns the images of deploy/compose.yaml by name without tag; that of PostgreSQL is a stand-in */
export async function buildImages(): Promise<ReadonlyMap<string, Image>> {
  const { stdout } = await promisify(execFile)(join(import.meta.dirname, 'images/build.sh'), { maxBuffer: 1 << 26, timeout: 900_000 })
  return new Map(Object.entries(JSON.parse(stdout) as Record<string, Image>))
}
