import type { Command } from 'commander'
import { command, type Shell } from '../shell.ts'

/** MCP for clients that only start a program and talk to it. */
export function mcpCommand({ surroundings, printer }: Shell): Command {
  return command(
    'mcp',
    'Speaks MCP over standard input and output, and passes it on to an MCP server behind the gateway: for clients that start their servers themselves, within gatescribe run.',
    ['gatescribe mcp tickets'],
  )
    .argument('<resource>', 'an MCP server of the configuration')
    .option('--run-file <file>', 'what gatescribe run left for the job (default: $GATESCRIBE_RUN_FILE, else ~/.gatescribe/run.json)')
    .option('--json', 'print errors as JSON; standard output is messages of MCP')
    .action(async (resource: string, { runFile }: { readonly runFile?: string }) => {
      const { runBridge } = await import('../../mcp-stdio/index.ts')
      const { stdin, stdout, env, signal } = surroundings
      await runBridge({
        ...{ resource, signal, input: stdin, output: stdout },
        env: runFile === undefined ? env : { ...env, GATESCRIBE_RUN_FILE: runFile },
        remark: (sentence) => printer.remark(sentence),
      })
    })
}
