import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-counts-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function counts(reports: Record<string, string>) {
  for (const [name, text] of Object.entries(reports)) writeFileSync(join(folder, name), text)
  const { stdout, status } = spawnSync(process.execPath, [join(import.meta.dirname, '../../.ci/counts.js'), folder], { encoding: 'utf8' })
  return { lines: stdout.trim().split('\n'), status }
}

const test = (status: string) => ({ fullName: `a ${status} one`, status })
const vitest = (name: string, status: string, ...tests: string[]) =>
  JSON.stringify({ testResults: [{ name, status, message: '', assertionResults: tests.map(test) }] })

it('adds up the suites of a runner, one line each', () => {
  const junit = '<testsuite><testcase name="a"/><testcase name="b"></testcase></testsuite>'
  expect(
    counts({
      'vitest-a.json': vitest('a', 'passed', 'passed', 'passed'),
      'vitest-b.json': vitest('b', 'passed', 'passed'),
      'pytest.xml': junit,
    }),
  ).toEqual({
    lines: expect.arrayContaining(['vitest: 3 passed, 0 failed', 'pytest: 2 passed, 0 failed']),
    status: 0,
  })
})

it.each(['failed', 'skipped', 'pending', 'todo'])('counts a %s test as failed, and names it', (status) => {
  expect(counts({ 'vitest-a.json': vitest('a', 'failed', 'passed', status) })).toEqual({
    lines: [`failed: a: a ${status} one (${status})`, 'vitest: 1 passed, 1 failed'],
    status: 1,
  })
})

it('counts a file that could not be read as failed', () => {
  expect(counts({ 'vitest-a.json': vitest('a', 'failed'), 'vitest-b.json': vitest('b', 'passed', 'passed') })).toEqual({
    lines: ['failed: a: could not be run', 'vitest: 1 passed, 1 failed'],
    status: 1,
  })
})

it.each(['failure', 'error', 'skipped'])('counts a JUnit %s as failed', (kind) => {
  const report = `<testsuites><testsuite><testcase classname="c" name="good" time="1"/><testcase classname="c" name="bad"><${kind} message="x > y">z</${kind}></testcase></testsuite></testsuites>`
  expect(counts({ 'vitest-a.json': vitest('a', 'passed', 'passed'), 'pytest-drivers.xml': report })).toEqual({
    lines: ['failed: bad', 'vitest: 1 passed, 0 failed', 'pytest: 1 passed, 1 failed'],
    status: 1,
  })
})

it('fails where nothing ran', () => {
  expect(counts({})).toEqual({ lines: ['vitest: 0 passed, 0 failed'], status: 1 })
})
