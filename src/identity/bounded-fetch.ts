/** Limits of a request to an issuer: it is outside, and may be slow, large or taken over. */
const TIMEOUT = 5_000
const LARGEST = 512 * 1024

export interface BoundedRequest {
  /** Default GET. */
  readonly method?: string
  readonly headers?: Exclude<RequestInit['headers'], undefined>
  readonly body?: Exclude<RequestInit['body'], undefined>
  /** Ends it earlier than its own 5 s. */
  readonly signal?: AbortSignal
}

/**
 * A request whose answer is small, came in time, and is read to its end when this resolves. Follows no redirect: what an issuer says comes from the
 * configured place or not at all.
 * @returns the answer as it came, whatever its status
 * @throws Error with a sentence that holds nothing of the answer
 */
export async function boundedFetch(url: string, { signal, ...request }: BoundedRequest = {}): Promise<Response> {
  const timeout = AbortSignal.timeout(TIMEOUT)
  const response = await fetch(url, { ...request, redirect: 'manual', signal: signal ? AbortSignal.any([signal, timeout]) : timeout })
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength
    if (size > LARGEST) throw new Error(`the issuer answered with more than ${LARGEST} bytes`)
    chunks.push(chunk)
  }
  const { status, headers } = response
  return new Response(mayHoldBody(status) ? Buffer.concat(chunks) : null, { status, headers })
}

/**
 * GET of a small JSON document.
 * @param signal ends it earlier than its own 5 s
 * @throws Error with a sentence that holds nothing of the answer
 */
export async function fetchJson(url: string, signal?: AbortSignal): Promise<unknown> {
  const response = await boundedFetch(url, { headers: { accept: 'application/json' }, ...(signal && { signal }) })
  if (response.status !== 200) throw new Error(`the issuer answered with status ${response.status} instead of 200`)
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(await response.arrayBuffer()))
  } catch {
    // The parser's own error quotes what it read.
    throw new Error('the issuer answered with something that is not JSON')
  }
}

/** Fetch standard, "null body status": a Response of these cannot be made with a body. */
function mayHoldBody(status: number): boolean {
  return ![101, 103, 204, 205, 304].includes(status)
}
