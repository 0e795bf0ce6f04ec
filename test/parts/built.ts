import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { bundle } from '../../tools/bundle.ts'
import { cacheFolder } from './cache-folder.ts'

const ROOT = join(import.meta.dirname, '../..')
/** Builds that nobody used for so long are removed, ms. */
const KEPT_MS = 3_600_000

let built: Promise<string> | undefined

/**
 * The command as it is published, built from the sources as they are now: what users start, and sooner than the sources would. Made once for
 * the same sources, for all processes.
 * @returns path of its `bin/gatescribe.js`
 */
export function builtCommand(): Promise<string> {
  built ??= build()
  return built
}

async function build(): Promise<string> {
  const folder = join(cacheFolder(), `built-${digestOfSources()}`)
  if (existsSync(folder)) {
    const now = new Date()
    utimesSync(folder, now, now)
  } else await make(folder)
  return join(folder, 'bin/gatescribe.js')
}

async function make(folder: string): Promise<void> {
  const draft = mkdtempSync(join(cacheFolder(), '.built-'))
  await bundle(join(draft, 'dist'))
  for (const part of ['bin', 'package.json']) cpSync(join(ROOT, part), join(draft, part), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules'), join(draft, 'node_modules'))
  try {
    renameSync(draft, folder)
  } catch (error) {
    rmSync(draft, { recursive: true, force: true })
    // Somebody else was quicker.
    if (!existsSync(folder)) throw error
  }
  for (const name of readdirSync(cacheFolder())) {
    const old = join(cacheFolder(), name)
    if (/^\.?built-/.test(name) && Date.now() - (statSync(old, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()) > KEPT_MS)
      rmSync(old, { recursive: true, force: true })
  }
}

/** Of everything that a build is made from. */
function digestOfSources(): string {
  const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
    .map((path) => join('src', path))
  const hash = createHash('sha256').update(ROOT)
  for (const path of [...sources.sort(), 'bin/gatescribe.js', 'package.json', 'tools/bundle.ts'])
    hash
      .update(`${path}\0`)
      .update(readFileSync(join(ROOT, path)))
      .update('\0')
  return hash.digest('hex').slice(0, 16)
}
