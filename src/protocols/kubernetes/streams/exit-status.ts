import type { StreamExit } from '../../../recording/index.ts'
import { StreamError } from '../wire/index.ts'

/** Of a Status. Bytes. */
const LONGEST = 64 * 1024
/** Times that it is looked whether it is whole: it mostly comes at once. */
const MOST_LOOKS = 16

/** What comes on the channel for errors: from version 4 on a Status (metav1), which tells the exit code; before that a text. */
export class ExitStatus {
  readonly #isJson: boolean
  readonly #told: (exit: StreamExit) => void
  #pieces: Uint8Array[] = []
  #length = 0
  #isTold = false
  #looks = 0

  /** @param told called once */
  constructor(version: number, told: (exit: StreamExit) => void) {
    this.#isJson = version >= 4
    this.#told = told
  }

  /** @throws StreamError GS_K8S_STREAM_LIMIT */
  push(bytes: Uint8Array): void {
    this.#length += bytes.length
    if (this.#length > LONGEST) throw new StreamError('GS_K8S_STREAM_LIMIT', 'what is said of how a command ended is longer than is read')
    this.#pieces.push(Uint8Array.from(bytes))
  }

  /** As far as it has come, it may be whole. */
  mayBeWhole(): void {
    if (this.#isTold || !this.#isJson || this.#length === 0 || this.#looks >= MOST_LOOKS) return
    this.#looks++
    const exit = exitOf(this.#text)
    if (exit) this.#tell(exit)
  }

  /** Nothing more comes. */
  end(): void {
    this.#looks = 0
    this.mayBeWhole()
    if (!this.#isTold && this.#length > 0) this.#tell({ status: 'failure', message: this.#text })
  }

  get #text(): string {
    return Buffer.concat(this.#pieces).toString()
  }

  #tell(exit: StreamExit): void {
    this.#isTold = true
    this.#told(exit)
  }
}

/** `details.causes` has the exit code where the reason is NonZeroExitCode. */
function exitOf(text: string): StreamExit | undefined {
  let status: { status?: unknown; message?: unknown; reason?: unknown; details?: { causes?: unknown } }
  try {
    status = JSON.parse(text) as typeof status
  } catch {
    return undefined
  }
  if (status === null || typeof status !== 'object') return undefined
  if (status.status === 'Success') return { code: 0, status: 'success' }
  const message = typeof status.message === 'string' ? { message: status.message } : {}
  const causes: readonly unknown[] = Array.isArray(status.details?.causes) ? status.details.causes : []
  const cause = causes.find(
    (each): each is { message: string } => isCause(each) && each.reason === 'ExitCode' && /^\d{1,5}$/.test(each.message),
  )
  return { ...(cause && { code: Number(cause.message) }), status: 'failure', ...message }
}

function isCause(value: unknown): value is { reason: unknown; message: string } {
  return value !== null && typeof value === 'object' && 'reason' in value && 'message' in value && typeof value.message === 'string'
}
