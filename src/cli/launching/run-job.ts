import { launchJob } from '../../launch/index.ts'
import type { Trust } from '../../verify/policy.ts'
import type { RunOptions } from '../commands/run.ts'
import type { Shell } from '../shell.ts'
import { beginRun } from './begin-run.ts'
import type { GatewayRun } from './gateway-run.ts'
import { keepReceipt, receiptTrust } from './kept-receipt.ts'
import { OURS, tellSummary } from './told-summary.ts'

/** How long a launcher that was told to end asks what its run came to, ms: whoever told it kills it soon. */
const HURRIED_MS = 5_000

/** Starts a command in a run, from its identity to its receipt. @returns the command's exit code. @throws CodedError where it was not started */
export async function runJob([first, ...words]: readonly [string, ...string[]], options: RunOptions, shell: Shell): Promise<number> {
  const { surroundings, printer } = shell
  const { env, folder } = surroundings
  const say = (sentence: string) => printer.remark(`${OURS}${sentence}`)
  const trust = options.receipt === false ? undefined : await receiptTrust(options, surroundings)
  const run = await beginRun(options, shell)
  const began = performance.now()
  try {
    const { id, gateway, ca, planes, proof, identity } = run
    const launched = await launchJob({
      ...{ run, planes, ca, env, folder, say, words },
      command: first,
      gatewayHost: gateway.hostname.replace(/^\[|\]$/g, ''),
      asked: options.resource ?? [],
      pass: options.pass ?? [],
      keep: options.keepRun ?? false,
      tokenEnv: options.tokenEnv,
      ...(proof !== undefined && { identity: proof }),
      takingSignals() {
        surroundings.signal.throwIfAborted()
        surroundings.release()
      },
      onStarted: () => options.quiet || say(`${id} has begun at ${gateway.host} (identity: ${identity}).`),
    })
    const { exitCode, prepared, overEarly, notEnded } = launched
    const seconds = Math.round(performance.now() - began) / 1000
    const goesOn = options.keepRun === true && overEarly === undefined
    const { state, resources, usage, receipt } = goesOn
      ? { state: 'live', resources: undefined, usage: undefined, receipt: undefined }
      : await Promise.race([cameTo(run, { receipt: options.receipt, trust }, shell), ...(launched.told ? [hurried()] : [])])
    const { removed, credentials, choices } = prepared
    const summary = {
      ...{ run: id, gateway: gateway.href, identity, state, exitCode, seconds, resources, usage },
      ...{ removed, credentials, choices, receipt, overEarly, notEnded },
    }
    tellSummary(summary, options, surroundings, printer)
    return exitCode
  } finally {
    await run.close()
  }
}

async function cameTo(
  run: GatewayRun,
  { receipt: file, trust }: { readonly receipt: string | false; readonly trust: Trust | undefined },
  { surroundings }: Shell,
) {
  const [account, receipt] = await Promise.all([
    run.account().catch(() => undefined),
    file === false ? undefined : keepReceipt(run, { receipt: file, trust }, surroundings),
  ])
  return { state: account?.state, resources: account?.resources, usage: account?.usage, receipt }
}

async function hurried(): Promise<Awaited<ReturnType<typeof cameTo>>> {
  await new Promise((resolve) => setTimeout(resolve, HURRIED_MS).unref())
  return {
    state: undefined,
    resources: undefined,
    usage: undefined,
    receipt: { state: 'missing', why: 'the gateway did not answer before the launcher had to end' },
  }
}
