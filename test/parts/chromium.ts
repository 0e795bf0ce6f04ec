import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { boundToThisProcess } from './lifetime.ts'

/** A real browser with one page, without a screen; what is true of cookies and forms is what it does. */
export interface Chromium {
  /** Resolves once the page there, and those that it leads to by itself, stand still. @returns where it is then */
  open(url: string): Promise<string>
  /** What a person does who clicks on it. @returns where the browser is then */
  click(selector: string): Promise<string>
  /** In the page, or about it. */
  evaluate<T>(expression: string): Promise<T>
  /** Of every request from now on. */
  header(name: string, value: string): Promise<void>
  close(): Promise<void>
}

interface Answer {
  readonly id?: number
  readonly result?: { readonly result?: { readonly value?: unknown } }
  readonly error?: { readonly message: string }
}

/** @param path of the browser. @param scripts whether pages may run any; default false */
export async function startChromium(path: string, scripts = false): Promise<Chromium> {
  const folder = mkdtempSync(join(tmpdir(), 'gatescribe-chromium-'))
  const child = spawn(
    path,
    ['--headless=new', '--no-sandbox', '--disable-gpu', '--remote-debugging-port=0', `--user-data-dir=${folder}`, 'about:blank'],
    { stdio: 'ignore' },
  )
  const release = boundToThisProcess(child, folder)
  const portFile = join(folder, 'DevToolsActivePort')
  while (!existsSync(portFile) || !readFileSync(portFile, 'utf8').includes('\n')) await sleep(50)
  const port = readFileSync(portFile, 'utf8').split('\n')[0]
  const pages = (await (await fetch(`http://127.0.0.1:${port}/json`)).json()) as { type: string; webSocketDebuggerUrl: string }[]
  const socket = new WebSocket(pages.find(({ type }) => type === 'page')!.webSocketDebuggerUrl)
  await once(socket as unknown as NodeJS.EventEmitter, 'open').catch(() => undefined)
  const waiting = new Map<number, (answer: Answer) => void>()
  socket.addEventListener('message', ({ data }) => {
    const answer = JSON.parse(String(data)) as Answer
    if (answer.id !== undefined) waiting.get(answer.id)?.(answer)
  })
  const send = (method: string, params: object = {}) =>
    new Promise<NonNullable<Answer['result']>>((resolve, reject) => {
      const id = waiting.size + 1
      waiting.set(id, ({ result, error }) => (error ? reject(new Error(error.message)) : resolve(result ?? {})))
      socket.send(JSON.stringify({ id, method, params }))
    })
  // Works in a page where scripts are off as well: it is not the page's.
  const evaluate = async <T>(expression: string) => (await send('Runtime.evaluate', { expression, returnByValue: true })).result?.value as T
  /** Where nothing has changed for a while. */
  const standstill = async () => {
    let last = ''
    for (let same = 0, left = 200; same < 8 && left > 0; left--) {
      await sleep(50)
      const now = await evaluate<string>('location.href + " " + document.readyState + " " + document.title').catch(() => '')
      same = now === last && now.includes(' complete ') && !now.startsWith('about:') ? same + 1 : 0
      last = now
    }
    return evaluate<string>('location.href')
  }
  await send('Page.enable')
  await send('Network.enable')
  await send('Emulation.setScriptExecutionDisabled', { value: !scripts })
  return {
    async open(url) {
      await send('Page.navigate', { url })
      return standstill()
    },
    async click(selector) {
      await evaluate(`document.querySelector(${JSON.stringify(selector)}).click()`)
      return standstill()
    },
    evaluate,
    header: async (name, value) => void (await send('Network.setExtraHTTPHeaders', { headers: { [name]: value } })),
    async close() {
      socket.close()
      const exit = once(child, 'exit')
      child.kill('SIGKILL')
      await exit
      release()
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
    },
  }
}
