import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { CliError } from '../errors.ts'
import { type LogFormat, logFormats } from '../log.ts'
import { parseListen } from '../parse-listen.ts'
import { command, jsonOption, type Shell } from '../shell.ts'

const DATA = ['--data <folder>', "the witness's own folder, with its key and what it remembers", './witness'] as const
const NAME = 'witness.example/w1'
const VKEY = 'example.org/prod/main+3f0c1a2b+AX…'

interface Folder {
  readonly data: string
  readonly json?: true
}

interface StartOptions extends Folder {
  readonly listen: string
  readonly log: readonly string[]
  readonly cert?: string
  readonly key?: string
  readonly logFormat?: LogFormat
}

export function witnessCommand(shell: Shell): Command {
  const { surroundings, printer } = shell
  const folderOf = ({ data }: Folder) => resolve(surroundings.folder, data)

  const init = command('init', 'Makes the key of a new witness in a folder of its own, and prints the verifier key.', [
    `gatescribe witness init --name ${NAME} --data ./witness`,
  ])
    .requiredOption('--name <name>', 'key name, such as a host name and a path; no spaces, no plus')
    .option(...DATA)
    .option(...jsonOption)
    .action(async (options: Folder & { readonly name: string }) => {
      const { createWitnessKey } = await import('../../witness/index.ts')
      const { name, vkey } = createWitnessKey(folderOf(options), options.name)
      if (options.json) return printer.json({ name, vkey, data: folderOf(options) })
      printer.line(vkey)
      printer.remark(`Wrote ${folderOf(options)}. The line above is what the operators of logs and their auditors need to know.`)
      printer.remark(`Next: gatescribe witness start --data ${options.data} --log VKEY-OF-THE-LOG`)
    })

  const show = command('show', 'Prints the verifier key of a witness, and the newest checkpoint that it cosigned for each log.', [
    'gatescribe witness show --data ./witness',
  ])
    .option(...DATA)
    .option(...jsonOption)
    .action(async (options: Folder) => {
      const { checkpointFiles, readWitnessKey } = await import('../../witness/index.ts')
      const { name, vkey } = readWitnessKey(folderOf(options))
      const logs = checkpointFiles(folderOf(options)).all()
      if (options.json) return printer.json({ name, vkey, logs })
      printer.line(vkey)
      for (const note of logs) printer.block(`\n${note.trimEnd()}`, 0)
    })

  const start = command(
    'start',
    'Runs a witness until SIGTERM or Ctrl-C: it cosigns what the named logs append, and nothing that they change. What happens goes to standard error.',
    [
      `gatescribe witness start --data ./witness --log ${VKEY}`,
      `gatescribe witness start --listen 0.0.0.0:8446 --cert w.pem --key w.key --log ${VKEY}`,
    ],
  )
    .requiredOption('--log <vkey>', 'verifier key of a log, as its operator named it; again for each further log or key', collect)
    .option(...DATA)
    .option('--listen <host:port>', 'where logs ask for cosignatures', '127.0.0.1:8446')
    .option('--cert <file>', 'certificate with its chain, PEM: with --key it speaks TLS')
    .option('--key <file>', "the certificate's key, PEM; not that of the witness")
    .addOption(new Option('--log-format <format>', 'how the log looks (default: pretty on a terminal, else json)').choices(logFormats))
    .option(...jsonOption)
    .action(async ({ listen, log, cert, key, logFormat, ...folder }: StartOptions) => {
      if ((cert === undefined) !== (key === undefined)) throw new CliError('GS_CLI_USAGE', '--cert and --key go together.')
      const address = parseListen(listen)
      if (address === undefined) throw new CliError('GS_CLI_USAGE', '--listen takes host:port, such as 127.0.0.1:8446 or [::1]:8446.')
      const { runWitness } = await import('../run-witness.ts')
      const tls =
        cert !== undefined && key !== undefined
          ? { cert: resolve(surroundings.folder, cert), key: resolve(surroundings.folder, key) }
          : undefined
      const format = logFormat ?? (surroundings.stderr.isTTY ? 'pretty' : 'json')
      await runWitness({ ...address, folder: folderOf(folder), logs: log, format, json: folder.json === true, ...(tls && { tls }) }, shell)
    })

  return command('witness', 'A witness for the logs of others: it vouches that they only ever append.', [
    `gatescribe witness init --name ${NAME}`,
  ])
    .addCommand(init)
    .addCommand(start)
    .addCommand(show)
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}
