import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { everythingHappened, seriesNames } from './every-family.ts'
import { alertExpressions, alerts, dashboardExpressions, unknownNames } from './expressions.ts'

const page = (name: string) => readFileSync(join(import.meta.dirname, '../../docs', name), 'utf8')

async function families(): Promise<readonly string[]> {
  const { text } = await everythingHappened().text(false)
  return [...text.matchAll(/^# TYPE (gatescribe_\S+)/gm)].map(([, name]) => name as string)
}

it('says what each number is, and names none that there is not', async () => {
  const told = new Set([...page('metrics.md').matchAll(/`(gatescribe_[a-z_]+)`/g)].map(([, name]) => name))
  expect([...told].sort()).toEqual([...new Set(await families())].sort())
})

it('says of each alert how urgent it is and after how long it rings', () => {
  const text = page('metrics.md')
  for (const { alert, labels, for: after = 'at once' } of alerts())
    expect(text).toContain(`| \`${alert}\` | ${labels.severity} | ${after} |`)
  expect(text.match(/^\| `Gatescribe/gm)).toHaveLength(alerts().length)
})

it('sends whoever is woken to commands that there are', () => {
  const commands = [...page('cli.md').matchAll(/^## `(gatescribe [a-z -]+)`$/gm)].map(([, command]) => command as string)
  for (const { alert, annotations } of alerts())
    for (const [, said = ''] of (annotations.do ?? '').matchAll(/`(gatescribe [^`]+)`/g))
      expect(
        commands.some((command) => said === command || said.startsWith(`${command} `)),
        `${alert}: ${said}`,
      ).toBe(true)
})

it('asks Prometheus for numbers that there are, in every alert and every query of the dashboard', async () => {
  const known = await seriesNames(everythingHappened())
  const asked = [...alertExpressions(), ...dashboardExpressions()]
  expect(asked.flatMap((expression) => unknownNames(expression, known).map((name) => `${expression.of}: ${name}`))).toEqual([])
  const ofInstance = dashboardExpressions().filter(({ text }) => !text.includes('instance=~".*"'))
  expect(ofInstance).toEqual([])
})
