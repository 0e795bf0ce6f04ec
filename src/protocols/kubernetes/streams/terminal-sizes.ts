import { StreamError } from '../wire/index.ts'

/** Of one size. Bytes. */
const LONGEST = 1024
const BRACE = 0x7d

/** Sizes of a terminal as they come on their channel: `{"Width":80,"Height":24}`, one behind the other, cut anywhere. */
export class TerminalSizes {
  readonly #told: (columns: number, rows: number) => void
  #held = ''

  constructor(told: (columns: number, rows: number) => void) {
    this.#told = told
  }

  /** @throws StreamError GS_K8S_CHANNEL where it is no size */
  push(bytes: Uint8Array): void {
    let from = 0
    for (let at = 0; at < bytes.length; at++) {
      if (bytes[at] !== BRACE) continue
      this.#tell(this.#held + text(bytes, from, at + 1))
      this.#held = ''
      from = at + 1
    }
    this.#held += text(bytes, from, bytes.length)
    if (this.#held.length > LONGEST) throw new StreamError('GS_K8S_STREAM_LIMIT', 'the size of a terminal is longer than any')
  }

  #tell(json: string): void {
    const size = new Map<string, unknown>()
    try {
      // The reader at the other end takes names in any case.
      for (const [name, value] of Object.entries(JSON.parse(json) as object)) size.set(name.toLowerCase(), value)
    } catch {
      throw new StreamError('GS_K8S_CHANNEL', 'what came as the size of a terminal is none')
    }
    this.#told(sizeIn(size.get('width')), sizeIn(size.get('height')))
  }
}

function sizeIn(value: unknown = 0): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > 65_535)
    throw new StreamError('GS_K8S_CHANNEL', 'what came as the size of a terminal is none')
  return value
}

function text(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1')
}
