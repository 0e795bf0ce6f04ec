import { join } from 'node:path'
import { build } from 'esbuild'
import { expect, it } from 'vitest'

const SRC = join(import.meta.dirname, '..')

it('runs a connector without a line of the rooms of the gateway: it stands in a network that the gateway has no business in, and starts fast', async () => {
  const { metafile } = await build({
    ...{ entryPoints: ['run-connector', 'connector-status'].map((name) => join(SRC, `cli/${name}.ts`)), outdir: 'nowhere', write: false },
    ...{ bundle: true, metafile: true, platform: 'node', format: 'esm', packages: 'external', absWorkingDir: SRC },
  })
  const rooms = new Set(Object.keys(metafile.inputs).map((file) => file.split('/').slice(0, -1).join('/')))
  expect([...rooms].sort()).toEqual(['cli', 'connector', 'connector/target', 'gateway', 'operations'])
  expect(Object.keys(metafile.inputs).filter((file) => file.startsWith('gateway/'))).toEqual(['gateway/version.ts'])
  const packages = new Set(
    Object.values(metafile.inputs).flatMap(({ imports }) =>
      imports.flatMap(({ path, external }) => (external && !path.startsWith('node:') ? [path] : [])),
    ),
  )
  expect([...packages].sort()).toEqual(['pino', 'yaml', 'zod'])
})
