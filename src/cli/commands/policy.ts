import type { Command } from 'commander'
import { command, configOption, jsonOption, type Shell } from '../shell.ts'
import { policyCheckCommand } from './policy/check.ts'
import { policyExplainCommand } from './policy/explain.ts'
import { policyTestCommand } from './policy/test.ts'

export function policyCommand(shell: Shell): Command {
  const policy = command('policy', 'Rules as software: checked, tested and explained, without a running gateway or a database.', [
    'gatescribe policy check --strict',
    'gatescribe policy test policy.cases.yaml',
    'gatescribe policy explain --who github/repo:acme/reports --on orders-db --sql "DELETE FROM orders"',
  ])
  for (const add of [policyCheckCommand, policyTestCommand, policyExplainCommand]) {
    policy.addCommand(
      add(shell)
        .option(...configOption)
        .option(...jsonOption),
    )
  }
  return policy
}
