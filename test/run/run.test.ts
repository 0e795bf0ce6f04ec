import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openStage, type Stage } from './stage.ts'

let stage: Stage

beforeAll(async () => {
  stage = await openStage()
})
afterAll(() => stage?.close())

it('gives a script that knows nothing of the gateway its database', async () => {
  const script = join(stage.folder, 'job.mjs')
  const pg = join(import.meta.dirname, '../../node_modules/pg/lib/index.js')
  writeFileSync(
    script,
    `import pg from '${pg}'
const client = new pg.Client({ database: 'shop' })
await client.connect()
console.log((await client.query('SELECT current_user AS me')).rows[0].me)
await client.end()
`,
  )
  const ran = await stage.run(['--', process.execPath, script])
  console.log(ran.stderr, readFileSync(join(stage.folder, 'gatescribe-receipt.json'), 'utf8').slice(0, 200))
  expect(ran).toMatchObject({ status: 0, stdout: 'shop_app\n' })
})
