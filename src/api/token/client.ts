import { Agent, fetch } from 'undici'
import type { ErrorAnswer } from './answers.ts'
import { TokenDoorError } from './errors.ts'
import { ACCESS_TOKEN, GRANT_TYPE, SUBJECT_TOKEN_TYPES } from './form.ts'
import type { ExchangeAnswer, RunAnswer } from './schemas.ts'

/** What the door said: the answer, or its refusal in its own words. */
export type ExchangeOutcome<Answer> =
  | { readonly ok: true; readonly answer: Answer }
  | { readonly ok: false; readonly status: number; readonly refusal: ErrorAnswer }

const TIMEOUT = 15_000

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
    this.#agent = new Agent({ connect: ca === undefined ? {} : { ca } })
  }

  /** @param subjectToken the CI system's or workload's own token @throws TokenDoorError GS_TOKEN_DOOR_UNREACHABLE */
  exchange(subjectToken: string): Promise<ExchangeOutcome<ExchangeAnswer>> {
    const form = {
      grant_type: GRANT_TYPE,
      subject_token: subjectToken,
      subject_token_type: SUBJECT_TOKEN_TYPES[0]!,
      requested_token_type: ACCESS_TOKEN,
    }
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    return this.#send('POST', '/oauth/token', { headers, body: new URLSearchParams(form).toString() })
  }

  /** A heart-beat. @throws TokenDoorError GS_TOKEN_DOOR_UNREACHABLE */
  renew(handle: string): Promise<ExchangeOutcome<RunAnswer>> {
    return this.#send('POST', '/runs/renew', { headers: { authorization: `Bearer ${handle}` } })
  }

  /** @throws TokenDoorError GS_TOKEN_DOOR_UNREACHABLE */
  end(handle: string): Promise<ExchangeOutcome<RunAnswer>> {
    return this.#send('POST', '/runs/end', { headers: { authorization: `Bearer ${handle}` } })
  }

  /** @throws TokenDoorError GS_TOKEN_DOOR_UNREACHABLE */
  self(handle: string): Promise<ExchangeOutcome<RunAnswer>> {
    return this.#send('GET', '/runs/self', { headers: { authorization: `Bearer ${handle}` } })
  }

  close(): Promise<void> {
    return this.#agent.close()
  }

  async #send<Answer>(
    method: string,
    path: string,
    { headers, body }: { headers: Record<string, string>; body?: string },
  ): Promise<ExchangeOutcome<Answer>> {
    try {
      const response = await fetch(new URL(path, this.#url), {
        method,
        headers,
        ...(body !== undefined && { body }),
        // A redirect would carry the token to whoever the answer names.
        redirect: 'error',
        dispatcher: this.#agent,
        signal: AbortSignal.timeout(TIMEOUT),
      })
      const answer: unknown = await response.json()
      if (response.ok) return { ok: true, answer: answer as Answer }
      return { ok: false, status: response.status, refusal: answer as ErrorAnswer }
    } catch (error) {
      throw new TokenDoorError('GS_TOKEN_DOOR_UNREACHABLE', reasonOf(error), { cause: error })
    }
  }
}

/** The system's own words (ECONNREFUSED, CERT_…), never the request. */
function reasonOf(error: unknown): string | undefined {
  const code = (error as { cause?: { code?: unknown } }).cause?.code
  return typeof code === 'string' ? code : undefined
}
