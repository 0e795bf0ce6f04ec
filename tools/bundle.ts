import { join } from 'node:path'
import { build } from 'esbuild'

const SRC = join(import.meta.dirname, '../src')

/** Entries of threads, which find one another by name beside whoever starts them. */
const THREADS = [
  'gateway/exporting/export-worker',
  'gateway/publishing/publish-worker',
  'gateway/recording/record-worker',
  'gateway/retention/aside-worker',
  'gateway/searching/search-worker',
  'protocols/postgres/sql/parse/parse-worker',
]

/**
 * What runs, as few files: most of a start is finding and linking modules, and there are some hundreds of them. Packages stay packages, so that
 * whoever installs sees, and can replace, each of them. What is imported late stays apart, and is read late.
 *
 * @param folder becomes `cli/main.js`, `parts` and `verify/main.js`; what is there of other names stays
 */
export async function bundle(folder: string): Promise<void> {
  const common = {
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    packages: 'external',
    logLevel: 'warning',
  } as const
  await Promise.all([
    build({
      ...common,
      entryPoints: Object.fromEntries([
        ['cli/main', join(SRC, 'cli/main.ts')],
        ...THREADS.map((thread) => [`parts/${thread.slice(thread.lastIndexOf('/') + 1)}`, join(SRC, `${thread}.ts`)]),
      ]),
      splitting: true,
      // As deep as what finds the manifest two folders up; beside the threads.
      chunkNames: 'parts/[name]-[hash]',
      outdir: folder,
    }),
    // By itself: whoever doubts a log may want nothing of ours but this.
    build({ ...common, entryPoints: [join(SRC, 'verify/main.ts')], outfile: join(folder, 'verify/main.js') }),
  ])
}
