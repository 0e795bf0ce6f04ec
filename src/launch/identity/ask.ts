import { LaunchError } from '../errors.ts'

/** ms until an endpoint that mints counts as silent. */
const PATIENCE = 10_000
/** Bytes of an answer at most: it holds one token. */
const LONGEST = 64 * 1024

export interface Asked {
  /** How it is called where it does not answer. */
  readonly who: string
  readonly url: URL
  readonly method?: 'GET' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: URLSearchParams
  readonly signal?: AbortSignal | undefined
}

/**
 * Asks an endpoint of the platform for a token. No redirect is followed: it would carry what is sent to somebody else.
 * @returns the body. @throws LaunchError GS_LAUNCH_IDENTITY_FAILED, without what was sent or answered
 */
export async function ask({ who, url, method = 'GET', headers, body, signal }: Asked): Promise<string> {
  const timeout = AbortSignal.timeout(PATIENCE)
  try {
    const response = await fetch(url, {
      method,
      headers: { ...headers },
      ...(body !== undefined && { body }),
      redirect: 'error',
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    })
    const text = await bounded(response)
    if (response.ok && text !== undefined) return text
    throw new LaunchError(
      'GS_LAUNCH_IDENTITY_FAILED',
      `${who} answered with ${text === undefined ? 'too much' : `status ${response.status}`}`,
    )
  } catch (error) {
    if (error instanceof LaunchError) throw error
    throw new LaunchError('GS_LAUNCH_IDENTITY_FAILED', `${who} could not be reached`, { cause: error })
  }
}

/** The token in a JSON answer. @throws LaunchError GS_LAUNCH_IDENTITY_FAILED where it is no JWT */
export async function askForField(field: string, asked: Asked): Promise<string> {
  const answer = await ask(asked)
  let value: unknown
  try {
    value = (JSON.parse(answer) as Record<string, unknown> | null)?.[field]
  } catch {
    // Said below.
  }
  return asJwt(value, asked.who)
}

/** @throws LaunchError GS_LAUNCH_IDENTITY_FAILED: some platforms give opaque tokens, which prove nothing to a third party */
export function asJwt(value: unknown, who: string): string {
  const text = typeof value === 'string' ? value.trim() : ''
  if (/^[\w-]+\.[\w-]+\.[\w-]+$/.test(text)) return text
  throw new LaunchError('GS_LAUNCH_IDENTITY_FAILED', `${who} gave no signed token (JWT)`)
}

async function bounded(response: Response): Promise<string | undefined> {
  const pieces: Uint8Array[] = []
  let length = 0
  for await (const piece of response.body ?? []) {
    length += piece.length
    if (length > LONGEST) return undefined
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString()
}
