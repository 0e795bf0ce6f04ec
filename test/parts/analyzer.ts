import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface TestAnalyzer {
  readonly url: string
  /** Bodies of the questions. */
  readonly asked: unknown[]
  /** How it answers; by default, with an empty list. */
  reply: Reply
  close(): Promise<void>
}

type Reply = (request: { readonly text: string }, response: ServerResponse, message: IncomingMessage) => void

/** Answers as the API documentation of Presidio 2.0 says: a list of RecognizerResult, whose places count code points. No Presidio is at hand. */
export async function startAnalyzer(reply: Reply = (_, response) => void response.end('[]')): Promise<TestAnalyzer> {
  const asked: unknown[] = []
  const server = createServer(async (message, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of message) chunks.push(chunk as Buffer)
    const body = JSON.parse(Buffer.concat(chunks).toString()) as { text?: string; language?: string }
    asked.push(body)
    // Both are required there.
    if (message.method !== 'POST' || message.url !== '/analyze' || !body.text || !body.language)
      response.writeHead(500).end('{"error": "…"}')
    else analyzer.reply(body as { text: string }, response, message)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const analyzer: TestAnalyzer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    reply,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return analyzer
}

/** Its answer, as JSON. */
export const results = (...found: readonly [type: string, start: number, end: number, score?: number][]): string =>
  JSON.stringify(found.map(([entity_type, start, end, score = 0.85]) => ({ analysis_explanation: null, entity_type, start, end, score })))

/** Finds these words, each as what it is. */
export const knowing =
  (words: Readonly<Record<string, string>>): Reply =>
  ({ text }, response) => {
    const found = Object.entries(words).flatMap(([word, type]) => {
      const at = text.indexOf(word)
      return at < 0 ? [] : [[type, [...text.slice(0, at)].length, [...text.slice(0, at + word.length)].length] as [string, number, number]]
    })
    response.writeHead(200, { 'content-type': 'application/json' }).end(results(...found))
  }
