import { Readable } from 'node:stream'
import { Worker } from 'node:worker_threads'
import type { ReindexStep } from '../../api/local/index.ts'
import { type Aged, type PageAsked, SearchError, type SearchPage, type SearchQuery, searchErrors } from '../../search/index.ts'
import type { Answer, Extent, Fault, Order, SearchStart } from './messages.ts'

/** In a checkout the entry is TypeScript, in the package what was made of it. */
const ENTRY = new URL(import.meta.url.endsWith('.ts') ? './search-worker.ts' : './search-worker.js', import.meta.url)

/** An order before it has its number. */
type Asked = Order extends infer Each ? (Each extends { readonly n: number } ? Omit<Each, 'n'> : never) : never

type Result = SearchPage | number | undefined

interface Waiting {
  readonly step: (step: ReindexStep) => void
  readonly resolve: (result: Result) => void
  readonly reject: (error: Error) => void
}

/** The thread that searches, as the others see it. It keeps the process alive until it is closed. */
export class SearchThread {
  readonly #worker: Worker
  readonly #waiting = new Map<number, Waiting>()
  #last = 0
  #ended: Error | undefined

  /** @param failed told why the index is not kept up for now, or that the thread has ended by itself */
  constructor(start: SearchStart, failed: (fault: Fault) => void) {
    this.#worker = new Worker(ENTRY, { workerData: start, name: 'gatescribe search' })
    this.#worker.on('message', (answer: Answer) => {
      if ('failed' in answer) failed(answer.failed)
      else this.#answered(answer)
    })
    this.#worker.once('error', (error: Error) => {
      failed({ message: error.message, code: undefined })
      this.#end(error)
    })
    this.#worker.once('exit', () => this.#end(new Error('the thread that searches has ended')))
  }

  get ended(): boolean {
    return this.#ended !== undefined
  }

  advance(extent: Extent): void {
    this.#post({ act: 'advance', extent })
  }

  /** Index behind the last entry that is in the index, or about to be. @throws SearchError */
  async taken(): Promise<number> {
    return (await this.#ask({ act: 'taken', with: [] }).result) as number
  }

  /** @throws SearchError */
  async search(query: SearchQuery, asked: PageAsked, size: number): Promise<SearchPage> {
    return (await this.#ask({ act: 'search', with: [query, asked, size] }).result) as SearchPage
  }

  /** @throws SearchError */
  async *reindex(checkOnly: boolean, size: number, signal: AbortSignal): AsyncGenerator<ReindexStep> {
    const steps = new Readable({ objectMode: true, read: () => undefined })
    const { n, result } = this.#ask({ act: 'reindex', with: [checkOnly, size] }, (step) => void steps.push(step))
    result.then(
      () => steps.push(null),
      (error: Error) => steps.destroy(error),
    )
    const cancel = () => this.#post({ act: 'cancel', of: n })
    signal.addEventListener('abort', cancel, { once: true })
    try {
      yield* steps
    } finally {
      signal.removeEventListener('abort', cancel)
      cancel()
    }
  }

  async forget(keys: readonly string[]): Promise<void> {
    await this.#ask({ act: 'forget', with: [keys] }).result
  }

  async forgetAged(aged: Aged): Promise<void> {
    await this.#ask({ act: 'forgetAged', with: [aged] }).result
  }

  async prune(below: number): Promise<void> {
    await this.#ask({ act: 'prune', with: [below] }).result
  }

  async close(): Promise<void> {
    if (this.#ended) return
    const gone = new Promise((resolve) => this.#worker.once('exit', resolve))
    await this.#ask({ act: 'close', with: [] }).result.catch(() => undefined)
    await gone
  }

  #ask(order: Asked, step: Waiting['step'] = () => undefined): { readonly n: number; readonly result: Promise<Result> } {
    const n = ++this.#last
    const result = new Promise<Result>((resolve, reject) => {
      if (this.#ended) return reject(this.#ended)
      this.#waiting.set(n, { step, resolve, reject })
      this.#post({ n, ...order } as Order)
    })
    return { n, result }
  }

  #post(order: Order): void {
    this.#worker.postMessage(order)
  }

  #answered(answer: Exclude<Answer, { failed: Fault }>): void {
    const waiting = this.#waiting.get(answer.n)
    if (!waiting) return
    if ('step' in answer) {
      waiting.step(answer.step)
      return
    }
    this.#waiting.delete(answer.n)
    if ('fault' in answer) waiting.reject(errorOf(answer.fault))
    else waiting.resolve(answer.result)
  }

  #end(cause: Error): void {
    this.#ended ??= new SearchError('GS_SEARCH_UNAVAILABLE', undefined, { cause })
    for (const { reject } of this.#waiting.values()) reject(this.#ended)
    this.#waiting.clear()
  }
}

/** What the index's own file or bytes do wrong is one thing to whoever searches. */
function errorOf({ message, code }: Fault): SearchError {
  if (code !== undefined && code in searchErrors) return new SearchError(code as keyof typeof searchErrors, message)
  return new SearchError('GS_SEARCH_UNAVAILABLE', undefined, { cause: Object.assign(new Error(message), { code }) })
}
