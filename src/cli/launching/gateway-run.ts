import { setTimeout as sleep } from 'node:timers/promises'
import type { AccountAnswer } from '../../api/token/account-answer.ts'
import type { ExchangeOutcome, TokenDoorClient } from '../../api/token/client.ts'
import type { RunAnswer } from '../../api/token/index.ts'
import type { Beat, LaunchedRun, PlaneAnswers } from '../../launch/index.ts'
import { GatewayRefusal } from '../errors.ts'

/** A run that a command launches something in, whoever started it. */
export interface GatewayRun extends LaunchedRun {
  readonly planes: PlaneAnswers
  /** The door that knows it. */
  readonly gateway: URL
  /** Where the identity was found. */
  readonly identity: string
  /** The run handle: the launcher's, never the job's. */
  readonly handle: string
  /** The token that it was started with, and whom that is for; undefined where there was none to keep from the job. */
  readonly proof: { readonly token: string; readonly audience: string } | undefined
  readonly ca: string | undefined
  /** Both once it is over. @throws where the gateway cannot say */
  account(): Promise<AccountAnswer>
  receipt(): Promise<unknown>
  close(): Promise<void>
}

/** After these there is nothing to renew, whatever is tried. */
const OVER: ReadonlyMap<string, string> = new Map([
  ['GS_IDENTITY_RUN_OVER', 'it was ended or revoked at the gateway, or its time is over'],
  ['GS_RUNS_OVER', 'it was ended or revoked at the gateway, or its time is over'],
  ['GS_IDENTITY_CREDENTIAL_UNKNOWN', 'the gateway does not know it'],
])
/** What is asked for again where it is not there yet: how often, and ms in between. */
const [ATTEMPTS, BETWEEN] = [8, 750]

/** How a job's run is kept, by its handle. @param lease seconds that it lives without a heart-beat */
export function runOfHandle(
  door: TokenDoorClient,
  handle: string,
  lease: number,
): Pick<GatewayRun, 'handle' | 'renew' | 'end' | 'account' | 'receipt' | 'close'> {
  return {
    handle,
    renew: async () => beatOf(await door.renew(handle, lease)),
    async end() {
      const outcome = await door.end(handle)
      if (!outcome.ok && !OVER.has(outcome.refusal.code)) throw refused(outcome)
    },
    account: () => inTime(() => door.account(handle)),
    receipt: () => inTime(() => door.receipt(handle)),
    close: () => door.abandon(),
  }
}

/** @throws GatewayRefusal what may pass */
function beatOf(outcome: ExchangeOutcome<RunAnswer>): Beat {
  if (outcome.ok) {
    const { state, expires_in: expiresIn, suspended = false } = outcome.answer
    return state === 'live' ? { state, expiresIn, suspended } : { state: 'over', why: `it is ${state}` }
  }
  const { code, error_description: sentence } = outcome.refusal
  const why = OVER.get(code) ?? (outcome.status === 401 ? sentence : undefined)
  if (why === undefined) throw refused(outcome)
  return { state: 'over', why }
}

/** The end of a run is on its way into the log, and what it came to with it. */
async function inTime<Answer>(asked: () => Promise<ExchangeOutcome<Answer>>): Promise<Answer> {
  for (let attempt = 1; ; attempt++) {
    const outcome = await asked()
    if (outcome.ok) return outcome.answer
    const isPassing = outcome.status === 503 || outcome.status === 429 || outcome.status === 409
    if (!isPassing || attempt === ATTEMPTS) throw refused(outcome)
    await sleep(BETWEEN)
  }
}

function refused({ refusal }: Extract<ExchangeOutcome<unknown>, { ok: false }>): GatewayRefusal {
  return new GatewayRefusal(refusal.code, refusal.error_description, refusal.next)
}
