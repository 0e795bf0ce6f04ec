/** Limits of a request to somebody outside, who may be slow, large or taken over. */
const TIMEOUT_MS = 10_000
const LARGEST = 64 * 1024

export interface Posted {
  readonly status: number
  /** How long it wants to be left alone, ms; where it said so. */
  readonly retryAfter: number | undefined
  /** The first 64 KiB. */
  readonly body: Buffer
}

/**
 * POST, with an answer in bounded time and space. Follows no redirect: what is sent goes to the configured place or nowhere.
 * @throws Error with a sentence that holds nothing of address or answer
 */
export async function post(
  url: string,
  { headers, body, signal }: { readonly headers: Readonly<Record<string, string>>; readonly body: string; readonly signal: AbortSignal },
): Promise<Posted> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'user-agent': 'gatescribe', ...headers },
      body,
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    })
    return { status: response.status, retryAfter: retryAfterOf(response.headers), body: await start(response.body) }
  } catch (cause) {
    throw new Error('nobody answered in time', { cause })
  }
}

async function start(body: Response['body']): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  // Leaving the loop cancels the rest.
  for await (const chunk of body ?? []) {
    chunks.push(chunk)
    size += chunk.byteLength
    if (size >= LARGEST) break
  }
  return Buffer.concat(chunks).subarray(0, LARGEST)
}

/** RFC 9110 §10.2.3, in seconds; a date counts as nothing said. */
function retryAfterOf(headers: Headers): number | undefined {
  const said = headers.get('retry-after')
  return said !== null && /^\d{1,6}$/.test(said) ? Number(said) * 1_000 : undefined
}
