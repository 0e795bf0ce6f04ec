/**
 * What a source gives until a signal aborts: then it is over at once, whatever the source still waits for. The source is told the same by the signal
 * and ends when it notices.
 */
export async function* untilAborted<T>(source: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const items = source[Symbol.asyncIterator]()
  let end: () => void = () => undefined
  const onAbort = () => end()
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    while (!signal.aborted) {
      // Not Promise.race: it would add to a promise that lives as long as the signal, for every item.
      const next = await new Promise<IteratorResult<T> | undefined>((resolve, reject) => {
        end = () => resolve(undefined)
        items.next().then(resolve, reject)
      })
      if (next === undefined || next.done) return
      yield next.value
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
