import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { ReceiptStanding } from '../../launch/index.ts'
import { harmless } from '../harmless.ts'
import type { Surroundings } from '../surroundings.ts'
import { writePrivately } from '../write-privately.ts'
import type { GatewayRun } from './gateway-run.ts'

export interface ReceiptOptions {
  readonly receipt: string | false
  readonly verifyKey?: readonly string[]
  readonly verifyPolicy?: string
}

/**
 * Keeps the receipt of a run that is over, and checks it as an auditor would, without the gateway. What is there by that name is replaced.
 * @returns how it stands; never throws, because the job is over and has its own exit code
 */
export async function keepReceipt(
  run: Pick<GatewayRun, 'id' | 'receipt'>,
  options: ReceiptOptions & { readonly receipt: string },
  around: Pick<Surroundings, 'env' | 'folder'>,
): Promise<ReceiptStanding> {
  let path: string
  try {
    const receipt = (await run.receipt()) as { readonly run?: unknown }
    path = writePrivately(options.receipt, `${JSON.stringify(receipt, null, 2)}\n`, around)
    if (receipt.run !== run.id) return { state: 'wrong', path, why: 'it is of another run' }
  } catch (error) {
    return { state: 'missing', why: (error as Error).message }
  }
  try {
    return await checked(path, options, around)
  } catch (error) {
    return { state: 'unverified', path, why: (error as Error).message }
  }
}

async function checked(
  path: string,
  { verifyKey, verifyPolicy }: ReceiptOptions,
  { env, folder }: Pick<Surroundings, 'env' | 'folder'>,
): Promise<ReceiptStanding> {
  const keys = verifyKey ?? (env.GATESCRIBE_VERIFY_KEY ? [env.GATESCRIBE_VERIFY_KEY] : [])
  const policy = verifyPolicy ?? env.GATESCRIBE_VERIFY_POLICY
  if (keys.length === 0 && policy === undefined)
    return { state: 'unverified', path, why: 'no key is trusted: --verify-key or --verify-policy, from gatescribe keys' }
  const [{ verify }, { parsePolicy, trustKeys }] = await Promise.all([import('../../verify/main.ts'), import('../../verify/policy.ts')])
  const trust = policy === undefined ? trustKeys(keys) : parsePolicy(readFileSync(resolve(folder, policy)))
  const report = verify(path, { trust })
  if (report.exit === 0) return { state: 'verified', path }
  const failed = report
    .print(false)
    .split('\n')
    .find((line) => line.startsWith('FAIL'))
  return { state: 'wrong', path, why: harmless(failed?.slice(5) ?? `exit code ${report.exit}`) }
}
