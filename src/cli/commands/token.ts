import type { Command } from 'commander'
import { CliError } from '../errors.ts'
import { command, jsonOption, type Shell } from '../shell.ts'

interface Options {
  readonly gateway?: string
  readonly ca?: string
  readonly tokenFile?: string
  readonly tokenEnv?: string
  readonly audience?: string
  readonly writeEnv?: string
  readonly show?: true
  readonly json?: true
}

export function tokenCommand({ surroundings, printer }: Shell): Command {
  return (
    command(
      'token',
      "Exchanges the job's own token for a run, and prints what points PostgreSQL clients at the gateway. The token comes from --token-file, --token-env, GATESCRIBE_ID_TOKEN, GATESCRIBE_ID_TOKEN_FILE, GitHub Actions, or a token mounted by Kubernetes.",
      [
        'eval "$(gatescribe token --gateway https://gw.example.org:8444 --ca gatescribe-ca.pem)" && psql orders-prod',
        'gatescribe token --gateway https://gw.example.org:8444 --token-file token.jwt --write-env job.env',
      ],
    )
      .option('--gateway <url>', 'the token door (default: $GATESCRIBE_GATEWAY)')
      .option('--ca <file>', "the gateway's CA, from gatescribe ca show (default: $GATESCRIBE_CA, else what the system trusts)")
      .option('--token-file <file>', 'the file that holds the token of this job')
      .option('--token-env <name>', 'the variable that holds the token of this job')
      .option('--audience <audience>', 'what to ask GitHub a token for (default: https:// and the host of --gateway)')
      // Not --env-file: several versions of Node take that for themselves wherever it stands.
      .option('--write-env <file>', 'write NAME=value lines to this file, readable by its owner only, and print nothing secret')
      .option('--show', 'print the credential even where standard output is a terminal')
      .option(jsonOption[0], 'print JSON; this holds the run handle too, which renews and ends the run')
      .action(async ({ writeEnv, show, json, ...options }: Options) => {
        if (writeEnv === undefined && !show && surroundings.stdout.isTTY) throw new CliError('GS_CLI_SECRET_ON_TERMINAL')
        const [{ exchange }, { exportLines, envFileLines }] = await Promise.all([import('../exchange.ts'), import('../../launch/index.ts')])
        const { answer, environment } = await exchange(options, surroundings)
        const { run, joined } = answer.gatescribe
        if (writeEnv !== undefined) {
          const { writePrivately } = await import('../write-privately.ts')
          const path = writePrivately(writeEnv, envFileLines(environment), surroundings)
          if (json) return printer.json({ run, joined, expiresIn: answer.expires_in, envFile: path })
          return printer.line(`Wrote ${path} for ${run}.`)
        }
        if (json) return printer.json({ run, joined, expiresIn: answer.expires_in, handle: answer.access_token, environment })
        printer.exact(exportLines(environment))
      })
  )
}
