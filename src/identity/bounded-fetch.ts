/** Limits of a request to an issuer: it is outside, and may be slow, large or taken over. */
const TIMEOUT = 5_000
const LARGEST = 512 * 1024

/**
 * GET of a small JSON document. Follows no redirect: keys come from the configured place or not at all.
 * @param signal ends it earlier than its own 5 s
 * @throws Error with a sentence that holds nothing of the answer
 */
export async function fetchJson(url: string, signal?: AbortSignal): Promise<unknown> {
  const timeout = AbortSignal.timeout(TIMEOUT)
  const response = await fetch(url, {
    redirect: 'manual',
    headers: { accept: 'application/json' },
    signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
  })
  if (response.status !== 200) {
    await response.body?.cancel()
    throw new Error(`the issuer answered with status ${response.status} instead of 200`)
  }
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength
    if (size > LARGEST) throw new Error(`the issuer answered with more than ${LARGEST} bytes`)
    chunks.push(chunk)
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks)))
  } catch {
    // The parser's own error quotes what it read.
    throw new Error('the issuer answered with something that is not JSON')
  }
}
