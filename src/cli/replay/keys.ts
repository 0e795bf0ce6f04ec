import type { Readable, Writable } from 'node:stream'
import { harmless } from '../harmless.ts'

/** What was pressed, or that the time has passed. */
export type Pressed = { readonly key: 'next' | 'quit' } | { readonly key: 'search'; readonly text: string } | undefined

/** What a player asks between two beats. */
export interface Keys {
  /** Waits so long, ms, and as long as it is paused. @returns what was pressed meanwhile; undefined where nothing counts */
  wait(ms: number): Promise<Pressed>
  close(): void
}

/** Nobody presses anything. */
export function noKeys(signal: AbortSignal): Keys {
  return { wait: (ms) => (ms <= 0 ? Promise.resolve(undefined) : passed(ms, signal).then(() => undefined)), close: () => undefined }
}

/** A terminal that can be told not to wait for Enter. */
export type Keyboard = Readable & { setRawMode?(raw: boolean): unknown }

const ENTER = /^[\r\n]$/
const ERASE = /^[\u007f\b]$/
const LONGEST_SEARCH = 200

/** Space pauses, n goes to the next statement, q ends, / searches; Ctrl-C is what it always is. @param echo where what is typed is shown */
export function keysOf(keyboard: Keyboard, echo: Writable, signal: AbortSignal, interrupt: () => void): Keys {
  let paused = false
  let typing: string | undefined
  let pressed: Pressed
  let wake: () => void = () => undefined
  const press = (what: Pressed) => {
    pressed = what
    paused = false
    wake()
  }
  const type = (character: string) => {
    if (ENTER.test(character)) {
      const text = typing ?? ''
      typing = undefined
      echo.write('\n')
      if (text !== '') return press({ key: 'search', text })
      paused = false
      return wake()
    }
    if (ERASE.test(character)) typing = [...(typing ?? '')].slice(0, -1).join('')
    else if (character === '\u001b') typing = undefined
    else if ((typing?.length ?? 0) < LONGEST_SEARCH && character >= ' ') typing += character
    echo.write(typing === undefined ? '\n' : `\r\u001b[K/${harmless(typing)}`)
    if (typing === undefined) {
      paused = false
      wake()
    }
  }
  const onData = (chunk: Buffer) => {
    for (const character of chunk.toString('utf8')) {
      if (character === '\u0003') interrupt()
      else if (typing !== undefined) type(character)
      else if (character === 'q') press({ key: 'quit' })
      else if (character === 'n') press({ key: 'next' })
      else if (character === '/') {
        typing = ''
        paused = true
        echo.write('/')
      } else if (character === ' ') {
        paused = !paused
        wake()
      }
    }
  }
  keyboard.setRawMode?.(true)
  keyboard.on('data', onData)
  keyboard.resume()
  return {
    async wait(ms) {
      let left = ms
      while (!signal.aborted && pressed === undefined && (paused || left > 0)) {
        const began = performance.now()
        const wasPaused = paused
        // A timer that nobody waits for any more would keep the process.
        const over = new AbortController()
        const until = AbortSignal.any([signal, over.signal])
        const woken = new Promise<void>((resolve) => {
          wake = resolve
        })
        await Promise.race([woken, wasPaused ? aborted(until) : passed(left, until)])
        over.abort()
        if (!wasPaused) left -= performance.now() - began
      }
      const answer = pressed
      pressed = undefined
      return answer
    },
    close() {
      keyboard.off('data', onData)
      keyboard.setRawMode?.(false)
      keyboard.pause()
    },
  }
}

function passed(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    // A timer of Node's is at most 2^31 - 1 ms long.
    const timer = setTimeout(done, Math.min(ms, 2 ** 31 - 1))
    if (signal.aborted) done()
    else signal.addEventListener('abort', done, { once: true })
  })
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true })))
}
