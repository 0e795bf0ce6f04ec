// Adds up what the reporters left in a folder and prints one line per runner: `vitest: 12 passed, 0 failed`.
// A file is named <runner>-<suite>.json (Vitest, Jest) or .xml (JUnit). A skipped test counts as failed, because everything that a test
// can need is there when this runs; so does a file whose tests could not even be collected. Exits 1 where anything failed or nothing ran.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** @returns {{passed: number, failed: string[]}} */
function readVitest(text) {
  const { testResults } = JSON.parse(text)
  const failed = []
  let passed = 0
  for (const file of testResults) {
    const tests = file.assertionResults
    passed += tests.filter(({ status }) => status === 'passed').length
    for (const test of tests) if (test.status !== 'passed') failed.push(`${file.name}: ${test.fullName} (${test.status})`)
    const collected = tests.some(({ status }) => status !== 'passed') || file.status === 'passed'
    if (!collected) failed.push(`${file.name}: ${file.message || 'could not be run'}`)
  }
  return { passed, failed }
}

/** @returns {{passed: number, failed: string[]}} */
function readJunit(text) {
  const cases = text.match(/<testcase\b[^>]*?(\/>|>[\s\S]*?<\/testcase>)/g) ?? []
  const failed = cases
    .filter((found) => /<(failure|error|skipped)\b/.test(found))
    .map((found) => /\bname="([^"]*)"/.exec(found)?.[1] ?? 'unnamed')
  return { passed: cases.length - failed.length, failed }
}

const folder = process.argv[2]
const runners = new Map([['vitest', { passed: 0, failed: [] }]])
for (const file of readdirSync(folder)) {
  const text = readFileSync(join(folder, file), 'utf8')
  const { passed, failed } = file.endsWith('.xml') ? readJunit(text) : readVitest(text)
  const runner = file.split(/[-.]/)[0]
  const sum = runners.get(runner) ?? { passed: 0, failed: [] }
  runners.set(runner, { passed: sum.passed + passed, failed: [...sum.failed, ...failed] })
}
for (const { failed } of runners.values()) for (const name of failed) console.log(`failed: ${name}`)
for (const [runner, { passed, failed }] of runners) console.log(`${runner}: ${passed} passed, ${failed.length} failed`)
process.exit([...runners.values()].every(({ passed, failed }) => passed > 0 && failed.length === 0) ? 0 : 1)
