import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { testSurroundings } from '../../test/parts/surroundings.ts'
import { exitCodes } from './exit-codes.ts'
import { run } from './main.ts'
import { createProgram, everyCommand } from './program.ts'
import { createShell } from './shell.ts'

const program = createProgram(createShell(testSurroundings(), false), '0.0.0')
const named = everyCommand(program).map((command) => {
  const names: string[] = []
  for (let at: typeof command | null = command; at; at = at.parent) names.unshift(at.name())
  return { command, name: names.join(' ') }
})
const docs = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8')

describe.each(named)('$name', ({ command, name }) => {
  const leaf = command.commands.length === 0

  it('has a description, and an example that starts with its own name', async () => {
    const surroundings = testSurroundings()
    expect(await run([...name.split(' ').slice(1), '--help'], surroundings)).toBe(0)
    const { out } = surroundings.printed
    expect(command.description()).toMatch(/^[A-Z].+\.$/)
    expect(out).toMatch(new RegExp(`Examples?:\\n( {2}\\$ .+\\n)*? {2}\\$ .*\\b${name}\\b`))
  })

  it('can print JSON, where it prints at all', () => {
    // `start` prints its log, whose format is an option of its own.
    if (leaf && name !== 'gatescribe start') expect(command.options.map(({ long }) => long)).toContain('--json')
  })

  it('stands in docs/cli.md with every option', () => {
    expect(docs).toContain(`## \`${name}\``.replace('## `gatescribe`', '# The command line'))
    for (const { long } of command.options) if (long && long !== '--version') expect(docs).toContain(`\`${long}`)
  })
})

describe('docs/cli.md', () => {
  it('has every exit code with its meaning', () => {
    for (const { code, meaning } of Object.values(exitCodes)) expect(docs).toContain(`| ${code} | ${meaning} |`)
  })
})
