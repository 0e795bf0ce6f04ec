import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { PolicyCase } from '../../../config/index.ts'
import type { Answer } from '../../../gateway/index.ts'
import { exitCodes } from '../../exit-codes.ts'
import type { Whereabouts } from '../../reach.ts'
import { command, type Shell } from '../../shell.ts'
import { linesOf } from './answer.ts'

interface Outcome {
  readonly file: string
  readonly line: number
  readonly name: string
  readonly passed: boolean
  readonly expected: PolicyCase['expect']
  readonly found: { readonly effect: string; readonly rules: readonly string[] }
  readonly answer: Answer
}

export function policyTestCommand(shell: Shell): Command {
  const { surroundings, printer } = shell
  return command(
    'test',
    'Runs cases against the rules: who asks, on which resource, which statement or request, and what the answer must be. Facts come from that.',
    ['gatescribe policy test policy.cases.yaml', 'gatescribe policy test tests/*.cases.yaml -c staging.yaml --json'],
  )
    .argument('<files...>', 'files of cases; docs/rules.md shows one')
    .action(async (files: readonly string[], { json, ...where }: Whereabouts & { json?: true }) => {
      const [{ configPath }, { loadConfig, loadCases, caseSurroundings }, { gatewayRoom }] = await Promise.all([
        import('../../reach.ts'),
        import('../../../config/index.ts'),
        import('../../gateway.ts'),
      ])
      const { config } = loadConfig(configPath(where, surroundings), surroundings.env)
      const read = files.map((file) => loadCases(resolve(surroundings.folder, file), caseSurroundings(config)))
      const { judgeCase, openRehearsal } = await gatewayRoom()
      const outcomes: Outcome[] = []
      for (const { file, schema, cases } of read) {
        const rehearsal = await openRehearsal(config, schema)
        try {
          for (const each of cases) {
            const answer = await rehearsal.ask({ ...each, now: each.at ?? Date.now() })
            const { name, line, expect } = each
            const outcome: Outcome = { file, line, name, expected: expect, ...judgeCase(each, answer), answer }
            outcomes.push(outcome)
            if (!json) print(outcome)
          }
        } finally {
          await rehearsal.close()
        }
      }
      const failed = outcomes.filter(({ passed }) => !passed).length
      if (failed > 0) shell.exitCode = exitCodes.casesFailed.code
      if (json) return printer.json({ ok: failed === 0, passed: outcomes.length - failed, failed, cases: outcomes })
      printer.line(
        failed === 0
          ? `All ${outcomes.length} cases come out as they say.`
          : `${failed} of ${outcomes.length} cases do not come out as they say.`,
      )
    })

  function print({ file, line, name, passed, expected, found, answer }: Outcome): void {
    if (passed) {
      printer.line(`ok    ${name}`, 'green')
      return
    }
    printer.line(`wrong ${name}`, 'red')
    printer.line(`  ${file}:${line}`)
    printer.line(`  expected ${said(expected)}, and it is ${said(found)}`)
    for (const each of linesOf(answer)) printer.line(`  ${each}`)
  }
}

const said = ({ effect, rules = [] }: { readonly effect: string; readonly rules?: readonly string[] }) =>
  rules.length === 0 ? effect : `${effect} by ${rules.join(', ')}`
