import type { ApprovalId } from '../operations/index.ts'
import type { RedactedRow } from '../redaction/index.ts'
import type { ClaimsRow, DecisionRow, EntryDraft, HistoryRow, OperationRow, PayloadDraft, RetryRow } from '../trail/index.ts'

/** Operations that one entry holds at most. */
const OPERATIONS = 128
/** Bytes of texts, parameters and facts that one entry holds, unless it holds one operation that is larger. */
const CONTENT_BYTES = 4 * 1024 * 1024
/** Bytes that what is said beside them may take of the 65,535 of an entry; its kind, session and time have their room besides. */
const SAID_BYTES = 60_000

/** What a reference to another operation takes: two numbers and an id. */
const RETRY_BYTES = 96
/** What two numbers take. */
const CLAIMS_BYTES = 32
/** What a reference to the end of a history takes: three numbers and an id. */
const HISTORY_BYTES = 128

/** What an operation adds to its entry. */
export interface Said {
  readonly op: OperationRow
  readonly decision: DecisionRow | undefined
  readonly payloads: readonly PayloadDraft[]
  readonly redacted: readonly RedactedRow[]
  /** The opening of break-glass under which it is allowed although the rules say otherwise. */
  readonly breakGlass: string | undefined
  readonly retry: RetryRow | undefined
  readonly claims: ClaimsRow | undefined
  /** Of a request that is said here first. */
  readonly histories: readonly HistoryRow[] | undefined
}

/** An `operation.intent` while it is put together: as many operations as fit. */
export class IntentDraft {
  readonly #ops: OperationRow[] = []
  readonly #decisions: DecisionRow[] = []
  readonly #payloads: PayloadDraft[] = []
  readonly #redacted: RedactedRow[] = []
  readonly #retries: RetryRow[] = []
  readonly #claims: ClaimsRow[] = []
  readonly #histories: HistoryRow[] = []
  #breakGlass: string | undefined
  #said = 0
  #content = 0

  get empty(): boolean {
    return this.#ops.length === 0
  }

  /** @returns whether it found room; the first always does */
  add({ op, decision, payloads, redacted, breakGlass, retry, claims, histories = [] }: Said): boolean {
    const references = (retry ? RETRY_BYTES : 0) + (claims ? CLAIMS_BYTES : 0) + histories.length * HISTORY_BYTES
    const said = this.#said + sizeOf(op, decision, payloads, redacted) + references
    let content = this.#content
    for (const payload of payloads) content += payload.content.byteLength
    const fits = this.#ops.length < OPERATIONS && said <= SAID_BYTES && content <= CONTENT_BYTES
    if (!fits && !this.empty) return false
    this.#said = said
    this.#content = content
    this.#ops.push(op)
    this.#breakGlass ??= breakGlass
    if (retry) this.#retries.push(retry)
    if (claims) this.#claims.push(claims)
    for (const row of histories) this.#histories.push(row)
    if (decision) this.#decisions.push(decision)
    for (const payload of payloads) this.#payloads.push(payload)
    for (const row of redacted) this.#redacted.push(row)
    return true
  }

  /** @param session its id. @param approval the one that was spent for all of these that ask */
  entry(session: string, approval: ApprovalId | undefined): EntryDraft {
    const fields = {
      session,
      ops: this.#ops,
      ...(approval !== undefined && { approval }),
      ...(this.#breakGlass !== undefined && { breakGlass: this.#breakGlass }),
      ...(this.#decisions.length > 0 && { decisions: this.#decisions }),
      ...(this.#retries.length > 0 && { retries: this.#retries }),
      ...(this.#claims.length > 0 && { claims: this.#claims }),
      ...(this.#histories.length > 0 && { histories: this.#histories }),
      ...(this.#redacted.length > 0 && { redacted: this.#redacted }),
    }
    return { kind: 'operation.intent', fields, payloads: this.#payloads }
  }
}

/** Bytes that these take in the text of an entry, not fewer: a commitment has 43 characters. */
function sizeOf(
  op: OperationRow,
  decision: DecisionRow | undefined,
  payloads: readonly PayloadDraft[],
  redacted: readonly RedactedRow[],
): number {
  let size = op.length * 16
  if (decision) size += 16 + Buffer.byteLength(JSON.stringify(decision))
  for (const { name } of payloads) size += name.length + 48
  if (redacted.length > 0) size += 16 * redacted.length + Buffer.byteLength(JSON.stringify(redacted))
  return size
}
