import { z } from 'zod'
import { ANALYZED, type Detection } from '../masking/index.ts'

/** A service that finds personal data in prose, which patterns cannot: names, places. It gets the text itself. */
export interface PresidioSettings {
  /** Base URL of Presidio's analyzer, without `/analyze`. */
  readonly url: string
  /** ISO 639-1, such as `en`. */
  readonly language: string
  /** What is looked for, as Presidio calls it: `PERSON`. Absent: all that it knows. */
  readonly entities?: readonly string[]
  /** 0 to 1: less certain finds do not count. */
  readonly threshold?: number
  /** From the question to the end of the answer, waiting for others included; ms. */
  readonly deadline: number
}

/** What was found in a text: places in its bytes, in order; they may overlap. Or why nobody knows: whoever asks says what follows from that. */
export type Analysis =
  | { readonly found: readonly Detection[] }
  /** The answer did not come in time, it was no, it cannot be read, or the text is too long to be asked about. */
  | { readonly failed: 'late' | 'refused' | 'unreadable' | 'too-long' }

/** Questions to the service at the same time. */
const AT_ONCE = 4
/** A longer text is not sent. Bytes. */
export const LONGEST_TEXT = 64 * 1024
/** Of an answer, bytes. */
const LARGEST_ANSWER = 1024 * 1024

/** RecognizerResult of its API. Names are of its own; places count characters as Python does. */
const answer = z.array(
  z.object({ entity_type: z.string().regex(/^[A-Za-z0-9_]{1,64}$/), start: z.int().min(0), end: z.int().min(0), score: z.number() }),
)

class Unreadable extends Error {}
class Refused extends Error {}

/** Asks Presidio's `POST /analyze` (API documentation 2.0). Never rejects: what went wrong is in the answer. */
export class Presidio {
  readonly #settings: PresidioSettings
  #asking = 0
  readonly #waiting = new Set<() => void>()

  constructor(settings: PresidioSettings) {
    this.#settings = settings
  }

  /**
   * What is in several texts, in their order, all of it within one deadline.
   * @param texts UTF-8 @param entities what is looked for in place of what the settings say @param signal ends it earlier, which counts as late
   */
  analyzeAll(texts: readonly Uint8Array[], entities: readonly string[], signal: AbortSignal): Promise<readonly Analysis[]> {
    const until = AbortSignal.any([signal, AbortSignal.timeout(this.#settings.deadline)])
    return Promise.all(texts.map((text) => this.#analyze(text, until, entities)))
  }

  /** @param text UTF-8 @param signal ends it earlier than its deadline, which counts as late */
  analyze(text: Uint8Array, signal?: AbortSignal): Promise<Analysis> {
    const until = AbortSignal.timeout(this.#settings.deadline)
    return this.#analyze(text, signal ? AbortSignal.any([signal, until]) : until, this.#settings.entities)
  }

  async #analyze(text: Uint8Array, ended: AbortSignal, entities: readonly string[] | undefined): Promise<Analysis> {
    if (text.length === 0) return { found: [] }
    if (text.length > LONGEST_TEXT) return { failed: 'too-long' }
    try {
      await this.#turn(ended)
    } catch {
      return { failed: 'late' }
    }
    try {
      return { found: placesOf(await this.#ask(text, entities, ended), text) }
    } catch (error) {
      if (error instanceof Unreadable) return { failed: 'unreadable' }
      return { failed: ended.aborted ? 'late' : 'refused' }
    } finally {
      this.#asking -= 1
      for (const next of this.#waiting) {
        next()
        break
      }
    }
  }

  /** Waits until few enough others are asking. @throws where that takes too long */
  #turn(ended: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiting.delete(go)
        reject(new Refused())
      }
      const go = () => {
        this.#waiting.delete(go)
        ended.removeEventListener('abort', leave)
        this.#asking += 1
        resolve()
      }
      if (ended.aborted) leave()
      else if (this.#asking < AT_ONCE) go()
      else {
        this.#waiting.add(go)
        ended.addEventListener('abort', leave, { once: true })
      }
    })
  }

  async #ask(text: Uint8Array, entities: readonly string[] | undefined, signal: AbortSignal): Promise<z.output<typeof answer>> {
    const { url, language, threshold } = this.#settings
    const asked = {
      text: decoded(text),
      language,
      ...(entities && { entities }),
      ...(threshold !== undefined && { score_threshold: threshold }),
    }
    const response = await fetch(`${url.replace(/\/$/, '')}/analyze`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json', 'user-agent': 'gatescribe' },
      body: JSON.stringify(asked),
      // What is sent goes to the configured place or nowhere.
      redirect: 'manual',
      signal,
    })
    if (response.status !== 200) {
      await response.body?.cancel()
      throw new Refused()
    }
    const read = answer.safeParse(parsed(await bounded(response)))
    if (!read.success) throw new Unreadable()
    // It was asked for no others; an older one may not know the question.
    return read.data.filter(({ score }) => score >= (threshold ?? 0))
  }
}

/** Where it is not UTF-8, places in it mean nothing. */
function decoded(text: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(text)
  } catch {
    throw new Unreadable()
  }
}

async function bounded(response: Response): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength
    if (size > LARGEST_ANSWER) throw new Unreadable()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function parsed(content: Buffer): unknown {
  try {
    return JSON.parse(content.toString())
  } catch {
    throw new Unreadable()
  }
}

/** Python's strings are of code points; ours are of bytes. @throws Unreadable where a place is not in the text */
function placesOf(found: z.output<typeof answer>, text: Uint8Array): readonly Detection[] {
  if (found.length === 0) return []
  const offsets: number[] = []
  for (let at = 0; at < text.length; at++) if (((text[at] as number) & 0xc0) !== 0x80) offsets.push(at)
  offsets.push(text.length)
  const places = found.map(({ entity_type, start, end }) => {
    const [from, to] = [offsets[start], offsets[end]]
    if (from === undefined || to === undefined || start >= end) throw new Unreadable()
    return { start: from, end: to, detector: `${ANALYZED}${entity_type}` }
  })
  return places.sort((a, b) => a.start - b.start || b.end - a.end)
}
