import type { Command } from 'commander'
import type { ConnectorAnswer, ConnectorEnrolmentAnswer } from '../../api/local/index.ts'
import { CliError } from '../errors.ts'
import { exitCodes } from '../exit-codes.ts'
import { durationOf, when } from '../moments.ts'
import type { Cell } from '../printer.ts'
import type { EitherWay } from '../reach-signed-in.ts'
import { command, type Shell, talksToDoor, talksToGateway } from '../shell.ts'

type Options = EitherWay & { readonly json?: true }
type EnrolOptions = Options & { readonly valid: string; readonly write?: string }

/** Connectors beside private targets, as the gateway sees them. */
export function connectorsCommand(shell: Shell): Command {
  const { surroundings, printer } = shell
  const reach = async (where: Options) => (await import('../reach-signed-in.ts')).reachEitherWay(where, surroundings)

  const list = command(
    'ls',
    'Lists connectors, and the configured names that have none. Exit code 1 where resources stand behind a name that nobody answers for.',
    ['gatescribe connectors ls', 'gatescribe connectors ls plant-a --json'],
  )
    .argument('[name]', 'only those of this name')
    .option('--all', 'those that are revoked, too')
    .action(async (name: string | undefined, { all, json, ...where }: Options & { readonly all?: true }) => {
      const asked = ({ name: of, state }: ConnectorAnswer) => (name === undefined || of === name) && (all || state !== 'revoked')
      const connectors = (await (await reach(where)).connectors()).filter(asked)
      if (isUnanswered(connectors)) shell.exitCode = exitCodes.refused.code
      if (json) return printer.json(connectors)
      printer.table(['NAME', 'STATE', 'CONNECTOR', 'SINCE', 'VERSION', 'FROM', 'STREAMS', 'IN', 'OUT', 'RTT'], connectors.flatMap(rows))
    })

  const show = command('show', 'Shows one connector, and what stands behind its name.', ['gatescribe connectors show con_4q7ykz2mdh3w'])
    .argument('<connector>', 'its id, con_…')
    .action(async (id: string, { json, ...where }: Options) => {
      const connector = await (await reach(where)).connector(id)
      if (json) return printer.json(connector)
      const { name, state, since, enrolledAt, enrolledBy, fingerprint, resources, links } = connector
      const lines: readonly (readonly [string, string | undefined])[] = [
        ['connector', id],
        ['name', name],
        ['state', since ? `${state} since ${when(since)}` : state],
        [
          'enrolled',
          enrolledAt &&
            `${when(enrolledAt)}${enrolledBy ? ` by ${enrolledBy === 'token' ? 'an enrolment token' : 'its workload token'}` : ''}`,
        ],
        ['key', fingerprint],
        ['resources', resources.join(', ') || 'none'],
        ...links.map((link): readonly [string, string] => ['link', linkSentence(link)]),
      ]
      for (const [title, text] of lines) if (text !== undefined) printer.line(`${title.padEnd(12)}  ${text}`)
    })

  const enrol = command(
    'enrol',
    'Prints a token that enrols one connector under a configured name, once, and the command to run beside the targets. Recorded, without the token.',
    ['gatescribe connectors enrol plant-a', 'gatescribe connectors enrol plant-a --valid 2h --write plant-a.token'],
  )
    .argument('<name>', 'a name that stands under connectors of the configuration')
    .option('--valid <duration>', 'how long the token waits to be used, such as 30m or 2d; a week at most', '15m')
    .option('--write <file>', 'write the token to this file, readable by its owner only, instead of printing it')
    .action(async (name: string, { valid, write, json, ...where }: EnrolOptions) => {
      const enrolment = await (await reach(where)).enrolConnector({ name, minutes: minutesOf(valid) })
      const { id, token, expiresAt } = enrolment
      const path =
        write === undefined ? undefined : (await import('../write-privately.ts')).writePrivately(write, `${token}\n`, surroundings)
      if (json) {
        const { token: _, ...rest } = enrolment
        return printer.json(path === undefined ? enrolment : { ...rest, tokenFile: path })
      }
      if (path === undefined) printer.line(token)
      printer.remark(
        `${path === undefined ? 'The line above is' : `Wrote ${path}. It holds`} a secret that enrols one connector as ${name}, once, until ${when(expiresAt)}. To take it back: gatescribe connectors revoke ${id}`,
      )
      printer.remark(`Beside the targets, with the token in a file of mode 0600:`)
      printer.remark(`  ${startLine(enrolment, write ?? `${name}.token`)}`)
      if (enrolment.ownCa) printer.remark('gatescribe-ca.pem is what gatescribe ca show prints here.')
      if (enrolment.targets.length === 0)
        printer.remark(`No resource stands behind ${name} yet: name what the connector may reach with --allow host:port.`)
    })

  const revoke = command('revoke', 'Ends the links of a connector at once, with every session on them, and lets it in no more. Recorded.', [
    'gatescribe connectors revoke con_4q7ykz2mdh3w --reason "machine retired"',
  ])
    .argument('<connector>', 'its id, con_…; or off_… of a token that nobody used')
    .option('--reason <reason>', 'one line; recorded')
    .action(async (id: string, { reason, json, ...where }: Options & { readonly reason?: string }) => {
      await (await reach(where)).revokeConnector(id, reason)
      if (json) return printer.json({ revoked: id })
      printer.line(`${id} is revoked.`)
    })

  const group = command('connectors', 'Connectors beside private targets: which there are, and who may be one.', [
    'gatescribe connectors ls',
  ])
  for (const each of [list, show, enrol, revoke]) group.addCommand(talksToGateway(talksToDoor(each)))
  return group
}

/** Whether a name with resources behind it has no connector that takes anything. */
function isUnanswered(connectors: readonly ConnectorAnswer[]): boolean {
  const waiting = connectors.filter(({ resources }) => resources.length > 0)
  return waiting.some(({ name }) => !connectors.some((each) => each.name === name && each.state === 'up'))
}

type Link = ConnectorAnswer['links'][number]

/** A row for each link; one where there is none. */
function rows({ name, state, id, since, links }: ConnectorAnswer): readonly (readonly (string | Cell)[])[] {
  const look = (text: string): Cell => {
    const style = text === 'up' ? undefined : text === 'draining' ? ('yellow' as const) : ('red' as const)
    return { text, ...(style && { style }) }
  }
  if (links.length === 0) return [[name, look(state), id ?? '', when(since ?? ''), '', '', '', '', '', '']]
  return links.map((link) => [
    ...[name, look(link.draining ? 'draining' : 'up'), id ?? '', when(link.since), link.version, link.address],
    ...[String(link.streams), size(link.bytesIn), size(link.bytesOut), roundTrip(link)],
  ])
}

function linkSentence(link: Link): string {
  const { version, address, since, draining, streams, bytesIn, bytesOut } = link
  return [
    `${draining ? 'draining' : 'up'} since ${when(since)} from ${address}`,
    `version ${version}`,
    `${streams} ${streams === 1 ? 'stream' : 'streams'}`,
    `${size(bytesIn)} from targets`,
    `${size(bytesOut)} to targets`,
    ...(link.rttMs === undefined ? [] : [`round trip ${roundTrip(link)}`]),
  ].join(', ')
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

function size(bytes: number): string {
  const power = bytes < 1024 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10))
  return `${power === 0 ? bytes : (bytes / 1024 ** power).toFixed(1)} ${UNITS[power]}`
}

const roundTrip = ({ rttMs: ms }: Link) => (ms === undefined ? '' : `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`)

function minutesOf(text: string): number {
  const minutes = (durationOf(text) ?? 0) / 60_000
  if (Number.isInteger(minutes) && minutes >= 1 && minutes <= 7 * 24 * 60) return minutes
  throw new CliError('GS_CLI_USAGE', '--valid takes whole minutes, a week at most: such as 30m, 2h or 7d.')
}

/** What starts the connector, as a shell reads it. */
function startLine({ gateway, ownCa, targets }: ConnectorEnrolmentAnswer, tokenFile: string): string {
  const words = ['gatescribe', 'connector', '--gateway', gateway, ...(ownCa ? ['--ca', 'gatescribe-ca.pem'] : [])]
  for (const target of targets.length > 0 ? targets.flatMap(asAllowed) : ['HOST:PORT']) words.push('--allow', target)
  return [...words, '--token-file', tokenFile].map(forShell).join(' ')
}

/** What a list must have for a target: the machine's own address is opened where it is listed as such, whatever name leads to it. */
const asAllowed = (target: string) => (target.startsWith('localhost:') ? [target, target.replace('localhost', '127.0.0.1')] : [target])

/** Brackets of an IPv6 address are a pattern to a shell, and a name may hold what one reads as more. */
const forShell = (word: string) => (/^[\w./:@=-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)
