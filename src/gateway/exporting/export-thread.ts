import { Worker } from 'node:worker_threads'
import { ExportError, type ExportSettings, type ExportTested, exportErrors } from '../../exports/index.ts'
import type { Exporter, ExporterParts } from './exporter.ts'
import { type Answer, type ExportStart, type Extent, type Fault, faultOf, type Order } from './messages.ts'

/** In a checkout the entry is TypeScript, in the package what was made of it. */
const ENTRY = new URL(import.meta.url.endsWith('.ts') ? './export-worker.ts' : './export-worker.js', import.meta.url)

/** An order before it has its number. */
type Asked = Order extends infer Each ? (Each extends { readonly n: number } ? Omit<Each, 'n'> : never) : never

/** Whoever exports: a thread, or in tests this one. */
export type Exports = Pick<Exporter, 'advance' | 'use' | 'test' | 'rewind' | 'skip' | 'close'>

export interface ThreadParts extends ExporterParts {
  /** It has ended by itself. */
  readonly ended: (error: Error) => void
}

/** The thread that exports, as the others see it. */
export class ExportThread implements Exports {
  readonly #worker: Worker
  readonly #parts: ThreadParts
  readonly #waiting = new Map<
    number,
    { readonly resolve: (result: ExportTested | undefined) => void; readonly reject: (error: Error) => void }
  >()
  #last = 0
  #ended: Error | undefined
  #isClosing = false

  constructor(start: ExportStart, parts: ThreadParts) {
    this.#parts = parts
    this.#worker = new Worker(ENTRY, { workerData: start, name: 'gatescribe export' })
    this.#worker.on('message', (answer: Answer) => this.#answered(answer))
    this.#worker.once('error', (error: Error) => this.#end(error))
    this.#worker.once('exit', () => this.#end(new Error('the thread that exports has ended')))
  }

  advance(extent: Extent): void {
    this.#worker.postMessage({ act: 'advance', extent } satisfies Order)
  }

  async use(exports: readonly ExportSettings[]): Promise<void> {
    await this.#ask({ act: 'use', with: [exports] })
  }

  /** @throws ExportError */
  async test(name: string, id: string): Promise<ExportTested> {
    return (await this.#ask({ act: 'test', with: [name, id] })) as ExportTested
  }

  /** @throws ExportError */
  async rewind(name: string, to: number): Promise<void> {
    await this.#ask({ act: 'rewind', with: [name, to] })
  }

  /** @throws ExportError */
  async skip(name: string, entry: number): Promise<void> {
    await this.#ask({ act: 'skip', with: [name, entry] })
  }

  async close(): Promise<void> {
    if (this.#ended) return
    this.#isClosing = true
    const gone = new Promise((resolve) => this.#worker.once('exit', resolve))
    await this.#ask({ act: 'close', with: [] }).catch(() => undefined)
    await gone
  }

  #ask(order: Asked): Promise<ExportTested | undefined> {
    const n = ++this.#last
    return new Promise((resolve, reject) => {
      if (this.#ended) return reject(this.#ended)
      this.#waiting.set(n, { resolve, reject })
      this.#worker.postMessage({ n, ...order } as Order)
    })
  }

  #answered(answer: Answer): void {
    if ('readings' in answer) this.#parts.told(answer.readings)
    else if ('news' in answer) this.#parts.news(answer.of, answer.news)
    else if ('wants' in answer) void this.#give(answer.wants, answer.name)
    else {
      const waiting = this.#waiting.get(answer.n)
      this.#waiting.delete(answer.n)
      if ('fault' in answer) waiting?.reject(errorOf(answer.fault))
      else waiting?.resolve(answer.result)
    }
  }

  async #give(of: number, name: string): Promise<void> {
    const secrets = await this.#parts.secretsOf(name).catch((error: unknown) => faultOf(error))
    if (!this.#ended) this.#worker.postMessage({ act: 'secrets', of, secrets } satisfies Order)
  }

  #end(cause: Error): void {
    if (this.#ended) return
    this.#ended = new ExportError('GS_EXPORTS_UNAVAILABLE', { cause })
    for (const { reject } of this.#waiting.values()) reject(this.#ended)
    this.#waiting.clear()
    if (!this.#isClosing) this.#parts.ended(cause)
  }
}

/** What its own files do wrong is one thing to whoever asks. */
function errorOf({ message, code }: Fault): Error {
  const known = Object.hasOwn(exportErrors, code ?? '')
  return new ExportError(known ? (code as keyof typeof exportErrors) : 'GS_EXPORTS_UNAVAILABLE', known ? {} : { cause: new Error(message) })
}
