import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ConfigError } from '../errors.ts'
import { loadConfig } from '../load.ts'

const example = readFileSync(new URL('../../../docs/examples/gatescribe.yaml', import.meta.url), 'utf8')
const ONE = '      - { as: reader, user: gatescribe_ro, password: "secret:orders-ro" }\n'
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-credentials-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function load(text: string) {
  writeFileSync(join(folder, 'gatescribe.yaml'), text)
  return loadConfig(join(folder, 'gatescribe.yaml'), {}, Date.parse('2026-08-01T00:00:00Z'))
}
/** `code path` of what is wrong or doubtful. */
function judge(text: string): string[] {
  const brief = (problems: ConfigError['problems']) => problems.map(({ code, path }) => `${code.replace('GS_CONFIG_', '')} ${path}`)
  try {
    return brief(load(text).warnings)
  } catch (error) {
    if (error instanceof ConfigError) return brief(error.problems)
    throw error
  }
}
/** The example with these credentials, and with its allowing rule about these effects. */
function withCredentials(credentials: readonly string[], effects = 'postgres.*'): string {
  expect(example).toContain(ONE)
  return example
    .replace(ONE, credentials.map((fields) => `      - { ${fields} }\n`).join(''))
    .replace('    do: [postgres.*]\n  - name: freeze', `    do: [${effects}]\n  - name: freeze`)
}
const reader = 'as: reader, user: ro, for: [postgres.read]'
const writer = 'as: writer, user: rw'

describe('several credentials of a resource', () => {
  it('are taken in their order, with the classes that they are for', () => {
    const { config } = load(withCredentials([reader, 'as: most, user: most, for: ["postgres.*"]', writer], 'postgres.read'))
    const classes = config.resources
      .find((each) => each.kind === 'postgres')
      ?.credentials.map(({ as, for: covered }) => [as, covered?.join(' ')])
    expect(classes).toEqual([
      ['reader', 'read'],
      ['most', 'admin define opaque read write'],
      ['writer', undefined],
    ])
  })

  it('are refused where one stands behind another that is for all of the same, or has its name', () => {
    expect(judge(withCredentials([writer, reader], 'postgres.read'))).toEqual(['INCONSISTENT resources[0].credentials[1].as'])
    expect(judge(withCredentials(['as: a, user: a, for: [postgres.read, postgres.write]', reader], 'postgres.read'))).toEqual([
      'INCONSISTENT resources[0].credentials[1].as',
    ])
    expect(judge(withCredentials([reader, 'as: reader, user: rw'], 'postgres.read'))).toEqual([
      'INCONSISTENT resources[0].credentials[1].as',
    ])
  })

  it('are doubtful where no rule leaves one of them anything to do', () => {
    expect(judge(withCredentials([reader, writer]))).toEqual(['DOUBTFUL resources[0].credentials[0].for'])
    expect(judge(withCredentials([reader, writer], 'postgres.select, postgres.begin'))).toEqual([])
  })

  it('are doubtful where a rule permits more than any of them is for', () => {
    const filler = 'as: filler, user: fill, for: [postgres.read, postgres.write]'
    expect(judge(withCredentials([reader, filler], 'postgres.read, postgres.write, postgres.statistics'))).toEqual([
      'DOUBTFUL resources[0].credentials',
      'DOUBTFUL resources[0].credentials[0].for',
      'DOUBTFUL resources[0].credentials[1].for',
    ])
  })

  it('are for classes, and not for actions, sessions or anything else', () => {
    for (const wrong of ['postgres.select', 'postgres.session', 'read', '"*"'])
      expect(judge(withCredentials([`as: a, user: a, for: [${wrong}]`]))).toEqual(['WRONG_VALUE resources[0].credentials[0].for[0]'])
  })
})

describe('budgets', () => {
  const budget = (fields: string) => judge(`${example}\nbudgets:\n  - { name: a, ${fields} }\n`)

  it('are made exact: windows in milliseconds, sizes in bytes', () => {
    const text = `${example}\nbudgets:\n  - { name: a, per: workload, over: 24h, limit: { bytes: 2GiB, rows: 5 }, warnAt: 0.8 }\n`
    expect(load(text).config.budgets).toEqual([
      { name: 'a', per: 'workload', over: 86_400_000, limit: { bytes: 2 * 1024 ** 3, rows: 5 }, warnAt: 0.8 },
    ])
    expect(load(example).config.budgets).toEqual([])
  })

  it.each([
    ['per: run, limit: { operations: 5 }', []],
    ['per: run, over: 1h, limit: { refusals: 0 }', []],
    ['per: principal, limit: { concurrentRuns: 3 }', []],
    ['per: workload, limit: { operations: 5 }', ['INCONSISTENT budgets[0].per']],
    ['per: resource, over: 1h, limit: { refusals: 5 }', ['INCONSISTENT budgets[0].limit.refusals']],
    ['per: run, limit: { concurrentRuns: 2 }', ['INCONSISTENT budgets[0].limit.concurrentRuns']],
    ['per: workload, over: 1h, limit: { concurrentRuns: 2 }', ['INCONSISTENT budgets[0].over']],
    ['per: run, over: 10ms, limit: { rows: 2 }', ['INCONSISTENT budgets[0].over']],
    ['per: run, over: 400d, limit: { rows: 2 }', ['INCONSISTENT budgets[0].over']],
    ['per: run, limit: {}', ['WRONG_VALUE budgets[0].limit']],
    ['per: run, limit: { rows: 0 }', ['WRONG_VALUE budgets[0].limit.rows']],
    ['per: run, limit: { bytes: 999999999TiB }', ['WRONG_VALUE budgets[0].limit.bytes']],
    ['per: run, limit: { rows: 5 }, warnAt: 80', ['WRONG_VALUE budgets[0].warnAt']],
    ['per: team, limit: { rows: 5 }', ['WRONG_VALUE budgets[0].per']],
  ])('are judged as a whole: %s', (fields, expected) => {
    expect(budget(fields)).toEqual(expected)
  })

  it('have names of their own, and not that of the one that is there by default', () => {
    const two = '  - { name: a, per: run, limit: { rows: 5 } }\n'
    expect(judge(`${example}\nbudgets:\n${two}${two}`)).toEqual(['INCONSISTENT budgets[1].name'])
    expect(judge(`${example}\nbudgets:\n${two.replace('name: a', 'name: default-refusals')}`)).toEqual(['INCONSISTENT budgets[0].name'])
  })
})
