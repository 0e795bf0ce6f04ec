import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')

export interface Tarball {
  readonly path: string
  /** Paths in it, relative to the package. */
  readonly files: readonly string[]
  readonly version: string
}

/** Builds what would be published, beside the checkout rather than in it: its `dist` stays as it is. */
export function pack(folder: string): Tarball {
  const staged = join(folder, 'staged')
  mkdirSync(staged, { recursive: true })
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string; files: string[] }
  for (const entry of ['package.json', ...manifest.files]) {
    if (entry !== 'dist' && existsSync(join(root, entry))) cpSync(join(root, entry), join(staged, entry), { recursive: true })
  }
  run(process.execPath, [join(root, 'tools/build.ts'), join(staged, 'dist')], root)
  const [packed] = JSON.parse(run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], staged)) as [
    { filename: string; files: { path: string }[] },
  ]
  return { path: join(folder, packed.filename), files: packed.files.map(({ path }) => path), version: manifest.version }
}

/** Installs the tarball into an empty folder, as a user would; packages that npm already has are not fetched again. */
export function install(tarball: Tarball, folder: string): string {
  mkdirSync(folder)
  writeFileSync(join(folder, 'package.json'), '{ "private": true }')
  run('npm', ['install', '--ignore-scripts', '--omit=dev', '--prefer-offline', '--no-audit', '--no-fund', tarball.path], folder)
  return join(folder, 'node_modules/gatescribe')
}

function run(command: string, args: readonly string[], cwd: string): string {
  try {
    return execFileSync(command, args, { cwd, encoding: 'utf8', shell: process.platform === 'win32', stdio: ['ignore', 'pipe', 'pipe'] })
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string }
    throw new Error(`${command} ${args.join(' ')}\n${stdout}${stderr}`, { cause: error })
  }
}
