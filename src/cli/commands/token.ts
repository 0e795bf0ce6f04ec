import type { Command } from 'commander'
import { CliError } from '../errors.ts'
import type { ExchangeOptions } from '../exchange.ts'
import { command, jsonOption, type Shell } from '../shell.ts'
import { withExchange } from './kubeconfig.ts'

type Options = ExchangeOptions & {
  readonly kubeconfig?: string
  readonly writeEnv?: string
  readonly show?: true
  readonly json?: true
}

export function tokenCommand({ surroundings, printer }: Shell): Command {
  return (
    withExchange(
      command(
        'token',
        "Exchanges the job's own token for a run, and prints what points PostgreSQL clients, and with --kubeconfig kubectl, at the gateway. The token comes from --token-file, --token-env, GATESCRIBE_ID_TOKEN, GATESCRIBE_ID_TOKEN_FILE, GitHub Actions, or a token mounted by Kubernetes.",
        [
          'eval "$(gatescribe token --gateway https://gw.example.org:8444 --ca gatescribe-ca.pem)" && psql orders-prod',
          'gatescribe token --gateway https://gw.example.org:8444 --token-file token.jwt --write-env job.env',
          'eval "$(gatescribe token --gateway https://gw.example.org:8444 --kubeconfig kubeconfig)" && kubectl get pods',
        ],
      ),
    )
      // Not --env-file: several versions of Node take that for themselves wherever it stands.
      .option('--write-env <file>', 'write NAME=value lines to this file, readable by its owner only, and print nothing secret')
      .option('--kubeconfig <file>', 'write a kubeconfig of the clusters that the run may open to this file, and point KUBECONFIG at it')
      .option('--show', 'print the credential even where standard output is a terminal')
      .option(jsonOption[0], 'print JSON; this holds the run handle too, which renews and ends the run')
      .action(async ({ writeEnv, kubeconfig, show, json, ...options }: Options) => {
        if (writeEnv === undefined && !show && surroundings.stdout.isTTY) throw new CliError('GS_CLI_SECRET_ON_TERMINAL')
        const [{ exchange }, launch, { writePrivately }] = await Promise.all([
          import('../exchange.ts'),
          import('../../launch/index.ts'),
          import('../write-privately.ts'),
        ])
        const { exportLines, envFileLines } = launch
        const { answer, environment: postgres, ca } = await exchange(options, surroundings)
        const { run, joined, planes } = answer.gatescribe
        const clusters = () =>
          launch.kubeconfig({ resources: [], ...planes.kubernetes, ca, user: { token: planes.kubernetes?.credential ?? '' } })
        const environment =
          kubeconfig === undefined ? postgres : { ...postgres, KUBECONFIG: writePrivately(kubeconfig, clusters(), surroundings) }
        if (writeEnv !== undefined) {
          const path = writePrivately(writeEnv, envFileLines(environment), surroundings)
          if (json) return printer.json({ run, joined, expiresIn: answer.expires_in, envFile: path })
          return printer.line(`Wrote ${path} for ${run}.`)
        }
        if (json) return printer.json({ run, joined, expiresIn: answer.expires_in, handle: answer.access_token, environment })
        printer.exact(exportLines(environment))
      })
  )
}
