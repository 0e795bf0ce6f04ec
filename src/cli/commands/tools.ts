import type { Command } from 'commander'
import type { ShownToolAnswer } from '../../api/local/index.ts'
import { exitCodes } from '../exit-codes.ts'
import { lineDiff } from '../line-diff.ts'
import { when } from '../moments.ts'
import type { EitherWay } from '../reach-signed-in.ts'
import { command, type Shell, talksToDoor, talksToGateway } from '../shell.ts'
import { toolLines } from '../tool-lines.ts'

type Options = EitherWay & { readonly json?: true }

/** Tools of MCP servers, and which of them may be used. */
export function toolsCommand(shell: Shell): Command {
  const { surroundings, printer } = shell
  const reach = async (where: Options) => (await import('../reach-signed-in.ts')).reachEitherWay(where, surroundings)

  const list = command('ls', 'Lists the tools that MCP servers offered, and whether they are pinned: only what is pinned can be used.', [
    'gatescribe tools ls',
    'gatescribe tools ls tickets --json',
  ])
    .argument('[resource]', 'only those of this MCP server')
    .action(async (resource: string | undefined, { json, ...where }: Options) => {
      const tools = (await (await reach(where)).tools()).filter((tool) => resource === undefined || tool.resource === resource)
      if (json) return printer.json(tools)
      printer.table(
        ['RESOURCE', 'TOOL', 'STANDING', 'SINCE', 'BY'],
        tools.map(({ resource, name, standing, pinned, offered }) => {
          const style = standing === 'pinned' ? undefined : ('yellow' as const)
          return [resource, name, { text: standing, ...(style && { style }) }, when((offered ?? pinned)?.at ?? ''), pinned?.by ?? '']
        }),
      )
    })

  const show = command('show', 'Shows the definitions of tools as a model would read them, with what hides made visible.', [
    'gatescribe tools show tickets search',
  ])
    .argument('<resource>', 'an MCP server of the configuration')
    .argument('[tool...]', 'only these tools')
    .action(async (resource: string, names: readonly string[], { json, ...where }: Options) => {
      const shown = await (await reach(where)).toolsOf(resource, names)
      if (json) return printer.json(shown)
      for (const { name, standing, pinned, offered } of shown.tools) {
        const { digest, definition } = (offered ?? pinned)!
        printer.line(`${name}  ${standing}  ${digest}`, 'bold')
        if (pinned)
          printer.line(
            `  pinned ${when(pinned.at)} by ${pinned.by}${offered ? `: ${pinned.digest}; this is what is offered now` : ''}`,
            'dim',
          )
        for (const line of toolLines(definition)) printer.line(`  ${line}`)
      }
      sayHowToPin(resource, names, shown.digest)
    })

  const diff = command(
    'diff',
    'Shows how the tools that an MCP server offers differ from those that are pinned, and how to pin exactly what was shown. Exit code 1 where something differs.',
    ['gatescribe tools diff tickets', 'gatescribe tools diff tickets search'],
  )
    .argument('<resource>', 'an MCP server of the configuration')
    .argument('[tool...]', 'only these tools')
    .action(async (resource: string, names: readonly string[], { json, ...where }: Options) => {
      const { tools, digest } = await (await reach(where)).toolsOf(resource, names)
      const differing = tools.filter(({ offered }) => offered !== undefined)
      if (differing.length > 0) shell.exitCode = exitCodes.refused.code
      if (json) return printer.json({ resource, tools: differing, ...(digest !== undefined && { digest }) })
      for (const tool of differing) printDiff(tool)
      if (differing.length === 0) return printer.line(`Everything that ${resource} offered last is pinned as it is.`)
      const changed = differing.filter(({ pinned }) => pinned !== undefined).length
      printer.line(`${differing.length - changed} new, ${changed} changed: none of these can be used until they are pinned.`)
      sayHowToPin(resource, names, digest)
    })

  const pin = command(
    'pin',
    'Lets tools pass, exactly as they were shown: the digest stands for what `tools diff` or `tools show` printed. Recorded.',
    [
      'gatescribe tools pin tickets --digest sha256:5d41402abc4b2a76b9719d911017c592ae1f2c3d4e5f60718293a4b5c6d7e8f9',
      'gatescribe tools pin tickets search --digest sha256:7d793037a0760186574b0282f2f435e7ab1c2d3e4f5061728394a5b6c7d8e9f0',
    ],
  )
    .argument('<resource>', 'an MCP server of the configuration')
    .argument('[tool...]', 'only these tools, which the digest must be of')
    .requiredOption('--digest <digest>', 'as tools diff printed it, of the same tools')
    .action(async (resource: string, names: readonly string[], { digest, json, ...where }: Options & { readonly digest: string }) => {
      const pinned = await (await reach(where)).pinTools(resource, names, digest)
      if (json) return printer.json(pinned)
      for (const { name, pinned: as } of pinned) printer.line(`${resource}: ${name} is pinned as ${as?.digest}.`)
    })

  const unpin = command('unpin', 'Takes pins back: these tools cannot be used any more, until they are pinned again. Recorded.', [
    'gatescribe tools unpin tickets search',
  ])
    .argument('<resource>', 'an MCP server of the configuration')
    .argument('<tool...>', 'which tools')
    .action(async (resource: string, names: readonly string[], { json, ...where }: Options) => {
      const unpinned = await (await reach(where)).unpinTools(resource, names)
      if (json) return printer.json(unpinned)
      for (const { name } of unpinned) printer.line(`${resource}: ${name} is not pinned any more.`)
    })

  function printDiff({ name, pinned, offered }: ShownToolAnswer): void {
    printer.line(`${name}  ${pinned ? `changed  ${pinned.digest} → ` : 'new  '}${offered!.digest}`, 'bold')
    for (const { sign, text } of lineDiff(pinned ? toolLines(pinned.definition) : [], toolLines(offered!.definition)))
      printer.line(`  ${sign} ${text}`, sign === '+' ? 'green' : sign === '-' ? 'red' : undefined)
  }

  function sayHowToPin(resource: string, names: readonly string[], digest: string | undefined): void {
    if (digest === undefined) return
    printer.line('To let exactly what is shown here pass:')
    printer.line(`  gatescribe tools pin ${[resource, ...names].map(forShell).join(' ')} --digest ${digest}`)
  }

  const group = command('tools', 'Tools of MCP servers: what was offered, and what of it may be used.', ['gatescribe tools diff tickets'])
  for (const each of [list, show, diff, pin, unpin]) group.addCommand(talksToGateway(talksToDoor(each)))
  return group
}

/** A name may hold anything that can be printed, and the line is there to be copied. */
const forShell = (word: string) => (/^[\w./:@-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)
