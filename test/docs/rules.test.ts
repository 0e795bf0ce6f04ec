import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { run } from '../../src/cli/main.ts'
import { FACTS } from '../../src/policy/index.ts'
import { testSurroundings } from '../parts/surroundings.ts'

const docs = new URL('../../docs/', import.meta.url)
const page = readFileSync(new URL('rules.md', docs), 'utf8')
const rules = readFileSync(new URL('examples/rules.yaml', docs), 'utf8')
const cases = readFileSync(new URL('examples/rules.cases.yaml', docs), 'utf8')

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-rules-'))
  writeFileSync(join(folder, 'rules.yaml'), rules)
  writeFileSync(join(folder, 'rules.cases.yaml'), cases)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

async function gatescribe(...line: string[]) {
  const surroundings = testSurroundings({ folder })
  const code = await run(line, surroundings)
  return { code, ...surroundings.printed }
}

describe('the rules of the documentation', () => {
  it('are good, and nothing about them is doubtful', async () => {
    expect(await gatescribe('policy', 'check', '--strict', '-c', 'rules.yaml')).toMatchObject({ code: 0, err: '' })
  })

  it('come out as their cases say', async () => {
    const tested = await gatescribe('policy', 'test', 'rules.cases.yaml', '-c', 'rules.yaml')
    expect(tested).toMatchObject({ code: 0, err: '' })
    expect(tested.out).toContain('All 13 cases')
  })

  it('are caught by their cases where one of them is taken away or turned round', async () => {
    const [head = '', ...each] = rules.slice(0, rules.indexOf('\nlimits:')).split(/(?= {2}- name: (?:reports|no-))/)
    expect(each).toHaveLength(5)
    for (const one of each) {
      const others = each.filter((other) => other !== one).join('')
      // Of those that only a name in a case asks for, the cases must not name what is not there.
      const name = /name: (\S+)/.exec(one)?.[1] ?? ''
      const renamed = `  - name: ${name}\n    effect: deny\n    on: { tags: [nobody] }\n    do: [postgres.read]\n`
      writeFileSync(join(folder, 'rules.yaml'), head + others + renamed)
      expect(await gatescribe('policy', 'test', 'rules.cases.yaml', '-c', 'rules.yaml'), name).toMatchObject({ code: 5 })
    }
  })

  it('are those that the page shows', () => {
    const shown = [...page.matchAll(/```yaml\n( {2}- name: [\s\S]*?)```/g)].map(([, yaml]) => yaml ?? '')
    expect(shown).toHaveLength(3)
    for (const [at, yaml] of shown.entries()) {
      const file = at === 2 ? readFileSync(new URL('examples/kubernetes.yaml', docs), 'utf8') : rules
      for (const line of yaml.trimEnd().split('\n')) expect(file).toContain(line.replace(/ +#.*$/, ''))
    }
  })
})

describe('the rules about clusters and APIs', () => {
  const ofRequests = readFileSync(new URL('examples/kubernetes.yaml', docs), 'utf8')
  beforeEach(() => {
    writeFileSync(join(folder, 'kubernetes.yaml'), ofRequests)
    writeFileSync(join(folder, 'kubernetes.cases.yaml'), readFileSync(new URL('examples/kubernetes.cases.yaml', docs)))
  })
  const test = () => gatescribe('policy', 'test', 'kubernetes.cases.yaml', '-c', 'kubernetes.yaml')

  it('are good, and nothing about them is doubtful', async () => {
    expect(await gatescribe('policy', 'check', '--strict', '-c', 'kubernetes.yaml')).toMatchObject({ code: 0, err: '' })
    const checked = await gatescribe('check', '-c', 'kubernetes.yaml')
    expect(checked.out).toContain('is good: 2 issuers, 2 resources, 10 rules.')
  })

  it('come out as their cases say', async () => {
    const tested = await test()
    expect(tested).toMatchObject({ code: 0, err: '' })
    expect(tested.out).toContain('All 25 cases')
  })

  it('are caught by their cases where one of them is taken away', async () => {
    const [head = '', ...each] = ofRequests.split(
      /(?= {2}- name: (?:the-shop|deployments-may|only-our|only-whole|no-root|harmless|other-commands|pods-go|tickets-may))/,
    )
    expect(each).toHaveLength(10)
    for (const one of each) {
      const name = /name: (\S+)/.exec(one)?.[1] ?? ''
      const renamed = `  - name: ${name}\n    effect: deny\n    on: { tags: [nobody] }\n    do: [kubernetes.get]\n`
      writeFileSync(join(folder, 'kubernetes.yaml'), head + each.filter((other) => other !== one).join('') + renamed)
      expect(await test(), name).toMatchObject({ code: 5 })
    }
  })
})

it('lists every fact', () => {
  for (const [variable, fields] of Object.entries(FACTS)) {
    for (const field of Object.keys(fields)) {
      if (field === 'columns') continue
      expect(page).toMatch(variable === 'columns' ? new RegExp(`\`[^|]*[.]${field}\``) : new RegExp(`\`(${variable})?[.]${field}\``))
    }
  }
})
