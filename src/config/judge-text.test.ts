import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { judgeText } from './index.ts'

const NOW = Date.parse('2026-08-01T00:00:00Z')
const example = readFileSync(join(import.meta.dirname, '../../docs/examples/rules.yaml'), 'utf8')

it('finds nothing in the documented rules, and what they are', () => {
  const { problems, warnings, rules } = judgeText(example, NOW)
  expect([problems, warnings]).toEqual([[], []])
  expect(rules?.rules.map(({ name }) => name)).toContain('no-unbounded-writes')
})

it.each([
  ['no YAML', 'rules: [', 'GS_CONFIG_SYNTAX'],
  ['no configuration', '{}', 'GS_CONFIG_MISSING_FIELD'],
  ['a condition that is none', example.replace('"!sql.bounded"', '"sql.nothing"'), 'GS_CONFIG_WRONG_VALUE'],
])('says where it is wrong: %s', (_, text, code) => {
  const { problems, rules } = judgeText(text, NOW)
  expect(problems.map((problem) => problem.code)).toContain(code)
  expect(problems[0]!.line).toBeGreaterThan(0)
  expect(rules).toBeUndefined()
})

it('says the same of files that are there and of others, and of variables that are set and of others', () => {
  const of = (file: string, variable: string) =>
    judgeText(
      example.replace(/issuer: https:\/\/[^\n]+/, `$&\n    jwks: file:${file}`).replace(/password: [^\n},]+/, `password: env:${variable}`),
      NOW,
    )
  const there = of('/etc/passwd', 'PATH')
  expect(there).toEqual(of('/nowhere', 'NOT_SET'))
  expect(JSON.stringify(there)).not.toMatch(/passwd|PATH/)
})
