import { spawnSync } from 'node:child_process'

/**
 * Builds the Go program in this folder, by what is installed: no toolchain is fetched to replace that one.
 * @param go the command
 * @param program where it is written
 * @returns false where it cannot be built; why is on standard error
 */
export function buildGo(go: string, folder: string, program: string): boolean {
  const cache = process.env.GATESCRIBE_CACHE
  const env = {
    ...process.env,
    ...{ GOTOOLCHAIN: 'local', GOFLAGS: '-buildvcs=false', GOWORK: 'off', CGO_ENABLED: '0' },
    ...(cache ? { GOMODCACHE: `${cache}/go/mod`, GOCACHE: `${cache}/go/build` } : {}),
  }
  const { status, stderr } = spawnSync(go, ['build', '-o', program, '.'], { cwd: folder, env, encoding: 'utf8' })
  if (status !== 0) console.error(stderr)
  return status === 0
}
