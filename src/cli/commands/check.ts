import type { Command } from 'commander'
import type { ConfigProblem } from '../../config/index.ts'
import { exitCodes } from '../exit-codes.ts'
import type { Printer } from '../printer.ts'
import type { Whereabouts } from '../reach.ts'
import { command, configOption, jsonOption, type Shell } from '../shell.ts'

export function checkCommand(shell: Shell): Command {
  const { surroundings, printer } = shell
  return command('check', 'Reads a configuration and says everything that is wrong with it, by line. Starts nothing.', [
    'gatescribe check',
    'gatescribe check -c staging.yaml --json | jq .problems',
  ])
    .option(...configOption)
    .option(...jsonOption)
    .action(async ({ json, ...where }: Whereabouts & { json?: true }) => {
      const [{ configPath }, { loadConfig, ConfigError }] = await Promise.all([import('../reach.ts'), import('../../config/index.ts')])
      const path = configPath(where, surroundings)
      try {
        const { config, digest, warnings } = loadConfig(path, surroundings.env)
        if (json) return printer.json({ ok: true, digest, problems: [], warnings })
        printProblems(printer, warnings, 'warning')
        const { issuers, people, resources, rules, connectors, exports } = config
        const named = [...new Set([...issuers, ...people].map(({ name }) => name))]
        const parts = [count(named, 'issuer'), count(resources, 'resource'), count(rules, 'rule')]
        if (connectors.length > 0) parts.push(count(connectors, 'connector'))
        if (exports.length > 0) parts.push(count(exports, 'export'))
        printer.line(`${path} is good: ${parts.join(', ')}.`)
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error
        shell.exitCode = exitCodes.config.code
        if (json) return printer.json({ ok: false, problems: error.problems, warnings: [] })
        printProblems(printer, error.problems, 'error')
        printer.line(`${path} is refused: ${count(error.problems, 'problem')}.`)
      }
    })
}

export function printProblems(printer: Printer, problems: readonly ConfigProblem[], level: 'error' | 'warning'): void {
  for (const { file, line, column, path, code, message, next } of problems) {
    printer.line(`${file}:${line}:${column}: ${level} ${code}`, level === 'error' ? 'red' : 'yellow')
    printer.line(`  ${path ? `${path}: ` : ''}${message}`)
    printer.line(`  next: ${next}`)
  }
}

export function count(items: readonly unknown[], name: string): string {
  return `${items.length} ${name}${items.length === 1 ? '' : 's'}`
}
