// The thread that makes segments of what sessions were shown.
import { parentPort } from 'node:worker_threads'
import { PostgresTranscriber } from '../../protocols/postgres/recording/index.ts'
import { ExchangeTranscriber, type Order, SegmentEncoder } from '../../recording/index.ts'

if (!parentPort) throw new Error('this file is the entry of a worker thread')
const port = parentPort
const encoder = new SegmentEncoder({
  postgres: (lines) => new PostgresTranscriber(lines),
  kubernetes: (lines) => new ExchangeTranscriber(lines),
  http: (lines) => new ExchangeTranscriber(lines),
  model: (lines) => new ExchangeTranscriber(lines),
  mcp: (lines) => new ExchangeTranscriber(lines),
  egress: (lines) => new ExchangeTranscriber(lines),
})
port.on('message', (order: Order) => {
  const encoded = encoder.take(order)
  if (encoded) port.postMessage(encoded, [encoded.content.buffer])
})
