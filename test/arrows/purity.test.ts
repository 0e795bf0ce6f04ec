import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

// Clocks and dice are globals or parts of a module that pure code may import for digests: no import gives them away.
const IMPURE =
  /\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\bperformance\b|\bset(Timeout|Interval|Immediate)\b|\bprocess\b|\brandom(Bytes|UUID|Int|Fill|FillSync)\b|\bgetRandomValues\b/

const root = join(import.meta.dirname, '../..')
// A new key is made of chance: the one function that does so is in a file of its own.
const files = globSync('src/{card,policy,masking,redaction,retention,search,tlog,protocols/*/wire}/**/*.ts', {
  cwd: root,
  exclude: ['**/*.test.ts', 'src/tlog/seed.ts'],
})

const withoutComments = (text: string) => text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')

it('finds no clock, timer, dice or process in the pure rooms and the codecs: those come in as arguments', () => {
  expect(files.length).toBeGreaterThan(5)
  const found = files.flatMap((file) => {
    const hit = IMPURE.exec(withoutComments(readFileSync(join(root, file), 'utf8')))
    return hit ? [`${file}: ${hit[0]}`] : []
  })
  expect(found).toEqual([])
})

it.each([
  'const now = Date.now()',
  'new Date()',
  'Math.random() < 0.5',
  'performance.now()',
  'setTimeout(f, 1)',
  'process.env.X',
  'randomBytes(16)',
])('would find %s', (planted) => {
  expect(IMPURE.test(withoutComments(`// Date\n${planted} /* harmless */`))).toBe(true)
})
