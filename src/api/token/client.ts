import { Agent, fetch } from 'undici'
import type { z } from 'zod'
import { type AccountAnswer, accountShape } from './account-answer.ts'
import type { ErrorAnswer } from './answers.ts'
import { TokenDoorError } from './errors.ts'
import { ACCESS_TOKEN, GRANT_TYPE, SUBJECT_TOKEN_TYPES } from './form.ts'
import { answerShapes } from './read-answer.ts'
import type { ExchangeAnswer, ReceiptAnswer, RunAnswer } from './schemas.ts'

/** What the door said: the answer, or its refusal in its own words. */
export type ExchangeOutcome<Answer> =
  | { readonly ok: true; readonly answer: Answer }
  | { readonly ok: false; readonly status: number; readonly refusal: ErrorAnswer }

const TIMEOUT = 15_000
const FORM = { 'content-type': 'application/x-www-form-urlencoded' } as const
/** Bytes of an answer at most: it names each resource that a run may open, with its databases. */
const LONGEST_ANSWER = 192 * 1024

/** The launcher's side of the token door. Sends a token or handle to the configured gateway and nowhere else. */
export class TokenDoorClient {
  readonly #url: URL
  readonly #agent: Agent

  /**
   * @param url of the token door; https, or http on loopback
   * @param ca PEM to trust besides what the system trusts
   * @throws TokenDoorError GS_TOKEN_DOOR_URL_INSECURE for http to another machine
   */
  constructor(url: string, ca?: string) {
    this.#url = new URL(url)
    if (this.#url.protocol !== 'https:' && !['127.0.0.1', '[::1]', 'localhost'].includes(this.#url.hostname))
      throw new TokenDoorError('GS_TOKEN_DOOR_URL_INSECURE')
    this.#agent = new Agent({ connect: ca === undefined ? {} : { ca }, maxResponseSize: LONGEST_ANSWER })
  }

  /** @param subjectToken the CI system's or workload's own token @throws TokenDoorError GS_TOKEN_DOOR_UNREACHABLE, GS_TOKEN_DOOR_ANSWER */
  exchange(subjectToken: string): Promise<ExchangeOutcome<ExchangeAnswer>> {
    const form = {
      grant_type: GRANT_TYPE,
      subject_token: subjectToken,
      subject_token_type: SUBJECT_TOKEN_TYPES[0]!,
      requested_token_type: ACCESS_TOKEN,
    }
    return this.#send(answerShapes.exchange, 'POST', '/oauth/token', { headers: FORM, body: new URLSearchParams(form).toString() })
  }

  /** A heart-beat. @param lease seconds that the run lives without the next one; absent: as the gateway has it. @throws TokenDoorError GS_TOKEN_DOOR_UNREACHABLE */
  renew(handle: string, lease?: number): Promise<ExchangeOutcome<RunAnswer>> {
    const authorization = `Bearer ${handle}`
    const leased = { headers: { authorization, ...FORM }, body: `lease=${lease}` }
    return this.#send(answerShapes.run, 'POST', '/runs/renew', lease === undefined ? { headers: { authorization } } : leased)
  }

  /** @throws TokenDoorError GS_TOKEN_DOOR_UNREACHABLE */
  end(handle: string): Promise<ExchangeOutcome<RunAnswer>> {
    return this.#send(answerShapes.run, 'POST', '/runs/end', { headers: { authorization: `Bearer ${handle}` } })
  }

  /** @throws TokenDoorError GS_TOKEN_DOOR_UNREACHABLE */
  self(handle: string): Promise<ExchangeOutcome<RunAnswer>> {
    return this.#send(answerShapes.run, 'GET', '/runs/self', { headers: { authorization: `Bearer ${handle}` } })
  }

  /** Once the run is over. @throws TokenDoorError GS_TOKEN_DOOR_UNREACHABLE */
  receipt(handle: string): Promise<ExchangeOutcome<ReceiptAnswer>> {
    return this.#send(answerShapes.receipt, 'GET', '/runs/receipt', { headers: { authorization: `Bearer ${handle}` } })
  }

  /** What it came to, by resource, once the run is over. @throws TokenDoorError GS_TOKEN_DOOR_UNREACHABLE */
  account(handle: string): Promise<ExchangeOutcome<AccountAnswer>> {
    return this.#send(accountShape, 'GET', '/runs/account', { headers: { authorization: `Bearer ${handle}` } })
  }

  close(): Promise<void> {
    return this.#agent.close()
  }

  /** Closes it with what is under way. */
  abandon(): Promise<void> {
    return this.#agent.destroy()
  }

  async #send<Answer>(
    shape: z.ZodType<Answer>,
    method: string,
    path: string,
    { headers, body }: { headers: Record<string, string>; body?: string },
  ): Promise<ExchangeOutcome<Answer>> {
    const { ok, status, answer } = await this.#ask(method, path, { headers, ...(body !== undefined && { body }) })
    if (ok) return { ok, answer: read(shape, answer) }
    return { ok, status, refusal: read(answerShapes.refusal, answer) }
  }

  async #ask(method: string, path: string, request: { headers: Record<string, string>; body?: string }) {
    try {
      const response = await fetch(new URL(path, this.#url), {
        method,
        ...request,
        // A redirect would carry the token to whoever the answer names.
        redirect: 'error',
        dispatcher: this.#agent,
        signal: AbortSignal.timeout(TIMEOUT),
      })
      const answer: unknown = await response.json()
      return { ok: response.ok, status: response.status, answer }
    } catch (error) {
      if (error instanceof SyntaxError) throw new TokenDoorError('GS_TOKEN_DOOR_ANSWER')
      throw new TokenDoorError('GS_TOKEN_DOOR_UNREACHABLE', reasonOf(error), { cause: error })
    }
  }
}

/** @throws TokenDoorError GS_TOKEN_DOOR_ANSWER, without the answer: it may hold a credential */
function read<Answer>(shape: z.ZodType<Answer>, answer: unknown): Answer {
  const result = shape.safeParse(answer)
  if (!result.success) throw new TokenDoorError('GS_TOKEN_DOOR_ANSWER')
  return result.data
}

/** The system's own words (ECONNREFUSED, CERT_…), never the request. */
function reasonOf(error: unknown): string | undefined {
  const code = (error as { cause?: { code?: unknown } }).cause?.code
  return typeof code === 'string' ? code : undefined
}
