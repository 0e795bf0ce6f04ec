import { resolve } from 'node:path'
import type { Command } from 'commander'
import { CliError } from '../errors.ts'
import type { ExchangeOptions } from '../exchange.ts'
import { command, jsonOption, type Shell } from '../shell.ts'

type Options = ExchangeOptions & {
  readonly write?: string
  readonly context?: string
  readonly exec?: true
  readonly show?: true
  readonly json?: true
}

export function kubeconfigCommand(shell: Shell): Command {
  const { surroundings, printer } = shell
  const kubeconfig = withExchange(
    command(
      'kubeconfig',
      "Exchanges the job's own token for a run, as gatescribe token does, and writes a kubeconfig with one context for each cluster that the run may open. People start kubectl with gatescribe connect instead.",
      [
        'gatescribe kubeconfig --gateway https://gw.example.org:8444 --ca gatescribe-ca.pem --write kubeconfig && kubectl --kubeconfig kubeconfig get pods',
        'gatescribe kubeconfig --gateway https://gw.example.org:8444 --exec --context prod-cluster --write kubeconfig',
      ],
    ),
  )
    .option('--write <file>', 'write it to this file, readable by its owner only, and print nothing secret')
    .option('--context <name>', 'the context that counts where none is asked for (default: the only one)')
    .option('--exec', 'no credential in it: kubectl asks gatescribe kubeconfig credential for one, which exchanges a token each time')
    .option('--show', 'print the credential even where standard output is a terminal')
    .option(...jsonOption)
    .action(async ({ write, context, exec, show, json, ...where }: Options) => {
      if (write === undefined && !show && !exec && surroundings.stdout.isTTY) throw secretOnTerminal('--write FILE')
      const [{ exchange }, launch] = await Promise.all([import('../exchange.ts'), import('../../launch/index.ts')])
      const { answer, ca } = await exchange(where, surroundings)
      const { run, joined, planes } = answer.gatescribe
      const { resources = [], credential = '' } = planes.kubernetes ?? {}
      const user = exec ? { exec: pluginOf(where, surroundings.folder, surroundings.env) } : { token: credential }
      const text = launch.kubeconfig({ resources, ca, user, current: context })
      const contexts = resources.map(({ name }) => name)
      const expiresIn = answer.expires_in
      if (write === undefined) return json ? printer.json({ run, joined, expiresIn, contexts, kubeconfig: text }) : printer.exact(text)
      const { writePrivately } = await import('../write-privately.ts')
      const file = writePrivately(write, text, surroundings)
      if (json) return printer.json({ run, joined, expiresIn, contexts, file })
      printer.line(`Wrote ${file} for ${run}: ${contexts.join(', ')}.`)
    })
  return kubeconfig.addCommand(credentialCommand(shell))
}

function credentialCommand({ surroundings, printer }: Shell): Command {
  return withExchange(
    command(
      'credential',
      'Prints what kubectl takes from a credential plugin (an ExecCredential): --exec of gatescribe kubeconfig has it asked for.',
      ['gatescribe kubeconfig credential --gateway https://gw.example.org:8444 --ca gatescribe-ca.pem | jq .status.expirationTimestamp'],
    ),
  )
    .option('--show', 'print the credential even where standard output is a terminal')
    .option(...jsonOption)
    .action(async (_: unknown, called: Command) => {
      // What stands behind the name of the command above counts as that command's.
      const { show, ...where } = called.optsWithGlobals<Options>()
      if (!show && surroundings.stdout.isTTY) throw secretOnTerminal('gatescribe kubeconfig --exec --write FILE')
      const [{ exchange }, { execCredential, LaunchError }] = await Promise.all([import('../exchange.ts'), import('../../launch/index.ts')])
      const { answer } = await exchange(where, surroundings)
      const { kubernetes } = answer.gatescribe.planes
      if (kubernetes === undefined) throw new LaunchError('GS_LAUNCH_NO_CLUSTER')
      printer.json(execCredential(kubernetes.credential, kubernetes.expires_in, surroundings.env.KUBERNETES_EXEC_INFO, Date.now()))
    })
}

function secretOnTerminal(instead: string): CliError {
  return new CliError('GS_CLI_SECRET_ON_TERMINAL', undefined, { next: `Use ${instead}; --show prints it all the same.` })
}

/** The same call again, wherever kubectl is started. */
function pluginOf(
  { gateway, ca, tokenFile, tokenEnv, audience, identity }: ExchangeOptions,
  folder: string,
  env: Readonly<Record<string, string | undefined>>,
): { readonly command: string; readonly args: readonly string[] } {
  const trusted = ca ?? env.GATESCRIBE_CA
  const options = {
    '--gateway': gateway ?? env.GATESCRIBE_GATEWAY,
    '--ca': trusted === undefined ? undefined : resolve(folder, trusted),
    '--token-file': tokenFile === undefined ? undefined : resolve(folder, tokenFile),
    '--token-env': tokenEnv,
    '--audience': audience,
    '--identity': identity,
  }
  const given = Object.entries(options).flatMap(([option, value]) => (value === undefined ? [] : [option, value]))
  return { command: 'gatescribe', args: ['kubeconfig', 'credential', ...given] }
}

/** Adds the options that say who exchanges what, and where. */
export function withExchange(to: Command): Command {
  return to
    .option('--gateway <url>', 'the token door (default: $GATESCRIBE_GATEWAY)')
    .option('--ca <file>', "the gateway's CA, from gatescribe ca show (default: $GATESCRIBE_CA, else what the system trusts)")
    .option('--token-file <file>', 'the file that holds the token of this job')
    .option('--token-env <name>', 'the variable that holds the token of this job')
    .option('--audience <audience>', 'what the token is to be for (default: $GATESCRIBE_AUDIENCE, else https:// and the host of --gateway)')
    .option(
      '--identity <source>',
      'where to look for the token of this job, and nowhere else (default: $GATESCRIBE_IDENTITY, else the first there is)',
    )
}
