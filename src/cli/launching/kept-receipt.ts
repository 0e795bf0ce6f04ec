import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { ReceiptStanding } from '../../launch/index.ts'
import type { Trust } from '../../verify/policy.ts'
import { CliError } from '../errors.ts'
import { harmless } from '../harmless.ts'
import type { Surroundings } from '../surroundings.ts'
import { writePrivately } from '../write-privately.ts'
import type { GatewayRun } from './gateway-run.ts'

export interface TrustOptions {
  readonly verifyKey?: readonly string[]
  readonly verifyPolicy?: string
}

/**
 * Whom a receipt must be signed by. It is read before the job begins, which could write another into the file.
 * @returns undefined where nobody says
 * @throws CliError GS_CLI_USAGE where what is said cannot be used
 */
export async function receiptTrust(
  { verifyKey, verifyPolicy }: TrustOptions,
  { env, folder }: Pick<Surroundings, 'env' | 'folder'>,
): Promise<Trust | undefined> {
  const keys = verifyKey ?? (env.GATESCRIBE_VERIFY_KEY ? [env.GATESCRIBE_VERIFY_KEY] : [])
  const policy = verifyPolicy ?? env.GATESCRIBE_VERIFY_POLICY
  if (keys.length === 0 && policy === undefined) return undefined
  const { parsePolicy, trustKeys } = await import('../../verify/policy.ts')
  try {
    return policy === undefined ? trustKeys(keys) : parsePolicy(readFileSync(resolve(folder, policy)))
  } catch (error) {
    const said = policy === undefined ? '--verify-key' : '--verify-policy'
    throw new CliError('GS_CLI_USAGE', `What ${said} says cannot be used: ${harmless((error as Error).message)}`)
  }
}

/**
 * Keeps the receipt of a run that is over, and checks it as an auditor would, without the gateway. What is there by that name is replaced.
 * @returns how it stands; never throws, because the job is over and has its own exit code
 */
export async function keepReceipt(
  run: Pick<GatewayRun, 'id' | 'receipt'>,
  { receipt: file, trust }: { readonly receipt: string; readonly trust: Trust | undefined },
  around: Pick<Surroundings, 'env' | 'folder'>,
): Promise<ReceiptStanding> {
  let path: string
  try {
    const receipt = (await run.receipt()) as { readonly run?: unknown }
    path = writePrivately(file, `${JSON.stringify(receipt, null, 2)}\n`, around)
    if (receipt.run !== run.id) return { state: 'wrong', path, why: 'it is of another run' }
  } catch (error) {
    return { state: 'missing', why: (error as Error).message }
  }
  try {
    return await checked(path, trust)
  } catch (error) {
    return { state: 'unverified', path, why: (error as Error).message }
  }
}

async function checked(path: string, trust: Trust | undefined): Promise<ReceiptStanding> {
  if (trust === undefined)
    return { state: 'unverified', path, why: 'no key is trusted: --verify-key or --verify-policy, from gatescribe keys show' }
  const { verify } = await import('../../verify/main.ts')
  const report = verify(path, { trust })
  if (report.exit === 0) return { state: 'verified', path }
  const failed = report
    .print(false)
    .split('\n')
    .find((line) => line.startsWith('FAIL'))
  return { state: 'wrong', path, why: harmless(failed?.slice(5) ?? `exit code ${report.exit}`) }
}
