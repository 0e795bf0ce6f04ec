import type { Command } from 'commander'
import { command, configOption, jsonOption, type Shell, talksToGateway } from '../shell.ts'
import { policyCheckCommand } from './policy/check.ts'
import { policyExplainCommand } from './policy/explain.ts'
import { policyReplayCommand } from './policy/replay.ts'
import { policyTestCommand } from './policy/test.ts'

export function policyCommand(shell: Shell): Command {
  const policy = command(
    'policy',
    'Rules as software: checked, tested and explained without a running gateway or a database, and held against what was recorded.',
    [
      'gatescribe policy check --strict',
      'gatescribe policy test policy.cases.yaml',
      'gatescribe policy replay --since 30d --with new.yaml',
      'gatescribe policy explain --who github/repo:acme/reports --on orders-db --sql "DELETE FROM orders"',
    ],
  )
  for (const add of [policyCheckCommand, policyTestCommand]) {
    policy.addCommand(
      add(shell)
        .option(...configOption)
        .option(...jsonOption),
    )
  }
  for (const add of [policyReplayCommand, policyExplainCommand]) policy.addCommand(talksToGateway(add(shell)))
  return policy
}
