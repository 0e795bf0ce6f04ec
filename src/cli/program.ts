import type { Command } from 'commander'
import { approvalsCommand } from './commands/approvals.ts'
import { breakGlassCommand } from './commands/breakglass.ts'
import { caCommand } from './commands/ca.ts'
import { checkCommand } from './commands/check.ts'
import { connectCommand } from './commands/connect.ts'
import { connectorCommand } from './commands/connector.ts'
import { connectorsCommand } from './commands/connectors.ts'
import { doctorCommand } from './commands/doctor.ts'
import { envCommand } from './commands/env.ts'
import { erasuresCommand } from './commands/erasures.ts'
import { exportsCommand } from './commands/exports.ts'
import { initCommand } from './commands/init.ts'
import { keysCommand } from './commands/keys.ts'
import { kubeconfigCommand } from './commands/kubeconfig.ts'
import { loginCommand } from './commands/login.ts'
import { logoutCommand } from './commands/logout.ts'
import { masterKeyCommand } from './commands/master-key.ts'
import { mcpCommand } from './commands/mcp.ts'
import { mcpHostCommand } from './commands/mcp-host.ts'
import { personsCommand } from './commands/persons.ts'
import { policyCommand } from './commands/policy.ts'
import { replayCommand } from './commands/replay.ts'
import { runCommand } from './commands/run.ts'
import { runsCommand } from './commands/runs.ts'
import { scanCommand } from './commands/scan.ts'
import { secretCommand } from './commands/secret.ts'
import { sessionsCommand } from './commands/sessions.ts'
import { startCommand } from './commands/start.ts'
import { statusCommand } from './commands/status.ts'
import { tokenCommand } from './commands/token.ts'
import { toolsCommand } from './commands/tools.ts'
import { trailCommand } from './commands/trail.ts'
import { whoamiCommand } from './commands/whoami.ts'
import { witnessCommand } from './commands/witness.ts'
import { CliError } from './errors.ts'
import { exitCodes } from './exit-codes.ts'
import { harmlessLines } from './harmless.ts'
import { command, type Shell } from './shell.ts'

/** The whole command line. Only what `--help` needs is imported; an action imports the room that it calls. */
export function createProgram(shell: Shell, version: string): Command {
  const { stdout, stderr } = shell.surroundings
  const program = command('gatescribe', 'A gateway between AI-agent jobs and what they act on.', ['gatescribe init && gatescribe start'])
    .version(version)
    .addHelpText(
      'after',
      ['', 'Exit codes:', ...Object.values(exitCodes).map(({ code, meaning }) => `  ${String(code).padStart(3)}  ${meaning}`)].join('\n'),
    )
  for (const add of [
    initCommand,
    checkCommand,
    policyCommand,
    scanCommand,
    startCommand,
    statusCommand,
    doctorCommand,
    secretCommand,
    masterKeyCommand,
    caCommand,
    runCommand,
    envCommand,
    tokenCommand,
    kubeconfigCommand,
    runsCommand,
    sessionsCommand,
    replayCommand,
    approvalsCommand,
    breakGlassCommand,
    loginCommand,
    logoutCommand,
    whoamiCommand,
    connectCommand,
    mcpCommand,
    mcpHostCommand,
    connectorCommand,
    connectorsCommand,
    exportsCommand,
    personsCommand,
    toolsCommand,
    trailCommand,
    erasuresCommand,
    keysCommand,
    witnessCommand,
  ])
    program.addCommand(add(shell))
  for (const each of everyCommand(program)) {
    each.exitOverride().configureOutput({
      writeOut: (text) => void stdout.write(text),
      writeErr: (text) => void stderr.write(harmlessLines(text)),
      outputError: (text) => shell.printer.problem(new CliError('GS_CLI_USAGE', text.replace(/^error: /, '').trim()), shell.json),
      getOutHelpWidth: () => Math.min(100, shell.surroundings.stdout.columns ?? 100),
    })
  }
  return program
}

/** A command and all below it. */
export function everyCommand(root: Command): readonly Command[] {
  return [root, ...root.commands.flatMap(everyCommand)]
}
