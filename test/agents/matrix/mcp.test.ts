import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { needs } from '../../parts/require.ts'
import { type Governed, startGoverned } from '../governed.ts'
import { FRAMEWORKS, type Framework, frameworkPython } from '../python.ts'
import { startTargets, type Targets } from '../world.ts'
import { JOBS, jobTwice } from './job-twice.ts'

let targets: Targets
let governed: Governed
beforeAll(async () => {
  targets = await startTargets({ cluster: false })
  governed = await startGoverned(targets, (config) => {
    config.rules.push({ name: 'nobody-deletes', effect: 'deny', do: ['mcp.call'], when: 'tool.name == "delete_ticket"' })
  })
})
afterAll(async () => {
  await governed?.stop()
  await targets?.stop()
})

it.for<[string, Framework, string]>([
  ['mcp1.py', 'autogen', '2025-11-25'],
  ['mcp2.py', 'ag2', '2026-07-28'],
])('the MCP SDK for Python (%s) gets through the gateway what rules let it have', async ([script, framework, version], test) => {
  const python = frameworkPython(framework)
  needs(test, python, FRAMEWORKS)
  const twice = await jobTwice(targets, governed, [python, join(JOBS, script)])
  const { direct, governed: under, summary } = twice
  expect([direct.status, under.status], under.stderr).toEqual([0, 0])
  const said = (lines: readonly string[]): Record<string, unknown> => Object.assign({}, ...lines.map((line) => named(JSON.parse(line))))
  const [before, behind] = [said(direct.lines), said(under.lines)]
  expect(before).toMatchObject({ version, 'high.error': false, 'low.error': false, unknown: -32602 })
  expect(before.tools).toEqual(['list_tickets', 'create_ticket', 'delete_ticket'])

  expect(behind).toMatchObject({ version, tools: ['list_tickets', 'create_ticket'], 'high.error': true, 'low.error': false })
  expect(behind['low.text']).toEqual(before['low.text'])
  expect(String(behind['high.text'])).toContain('Only people file urgent tickets. Use priority low.')
  expect(String(before.listed)).toContain('grace@example.com')
  expect(String(behind.listed)).toContain('[email]')
  expect(String(behind.listed)).not.toContain('grace@example.com')
  expect([true, -32602]).toContain(behind.unknown)
  expect(targets.tickets.calls.map(({ tool }) => tool)).toEqual(['create_ticket', 'list_tickets'])
  expect(targets.tickets.strangers).toBe(0)
  expect(summary.resources).toMatchObject([{ name: 'tickets', masked: 1 }])
})

/** What was said of a call is said under its priority. */
function named({ called, ...rest }: Record<string, unknown>): Record<string, unknown> {
  return called === undefined ? rest : Object.fromEntries(Object.entries(rest).map(([name, value]) => [`${called}.${name}`, value]))
}
