import type { Command } from 'commander'
import { exitCodes } from '../../exit-codes.ts'
import type { Whereabouts } from '../../reach.ts'
import { command, type Shell } from '../../shell.ts'
import { count, printProblems } from '../check.ts'

interface Options extends Whereabouts {
  readonly strict?: true
  readonly json?: true
}

export function policyCheckCommand(shell: Shell): Command {
  const { surroundings, printer } = shell
  return command(
    'check',
    'Judges the rules and masks of a configuration: names, types of conditions, rules that never match or never change an answer.',
    ['gatescribe policy check', 'gatescribe policy check -c staging.yaml --strict'],
  )
    .option('--strict', 'a warning is a failure too, for CI')
    .action(async ({ strict, json, ...where }: Options) => {
      const [{ configPath }, { loadConfig, ConfigError }] = await Promise.all([
        import('../../reach.ts'),
        import('../../../config/index.ts'),
      ])
      const path = configPath(where, surroundings)
      try {
        const { config, warnings } = loadConfig(path, surroundings.env)
        const doubtful = warnings.filter((warning) => /^(rules|masks|masking)\b/.test(warning.path))
        const ok = !strict || doubtful.length === 0
        if (!ok) shell.exitCode = exitCodes.refused.code
        if (json) return printer.json({ ok, rules: config.rules.length, problems: [], warnings: doubtful })
        printProblems(printer, doubtful, 'warning')
        const found = doubtful.length === 0 ? 'nothing to say of them' : count(doubtful, 'warning')
        printer.line(`${path}: ${count(config.rules, 'rule')}, ${found}.`)
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error
        shell.exitCode = exitCodes.config.code
        if (json) return printer.json({ ok: false, problems: error.problems, warnings: [] })
        printProblems(printer, error.problems, 'error')
        printer.line(`${path} is refused: ${count(error.problems, 'problem')}.`)
      }
    })
}
