import type { Readable, Writable } from 'node:stream'
import { CodedError } from '../../operations/index.ts'
import { LineReader } from '../wire/line-reader.ts'
import { errorMessage, readMessage } from '../wire/message.ts'
import { Bridge, MESSAGE_BYTES } from './bridge.ts'
import { createExchange } from './exchange.ts'
import { type BridgeTarget, bridgeTarget } from './run-file.ts'

export { mcpBridgeErrors } from './errors.ts'

export interface BridgeOptions {
  readonly resource: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly input: Readable
  /** Holds nothing but messages. */
  readonly output: Writable
  readonly remark: (sentence: string) => void
  readonly signal: AbortSignal
}

/**
 * Serves one MCP client over standard input and output with a server behind the gateway, until the input ends.
 * @throws CodedError where it cannot begin: the client's first request is answered with it too, since nobody reads what a server prints
 */
export async function runBridge({ resource, env, ...parts }: BridgeOptions): Promise<void> {
  let target: BridgeTarget
  try {
    target = await bridgeTarget(resource, env)
  } catch (error) {
    if (error instanceof CodedError) await refuseFirst(parts, error)
    throw error
  }
  await new Bridge({ ...parts, exchange: createExchange(target) }).run()
}

async function refuseFirst(
  { input, output, signal }: Pick<BridgeOptions, 'input' | 'output' | 'signal'>,
  error: CodedError,
): Promise<void> {
  const lines = new LineReader(MESSAGE_BYTES)
  const stop = () => input.destroy()
  signal.addEventListener('abort', stop, { once: true })
  try {
    for await (const chunk of input) {
      for (const line of lines.push(chunk as Buffer)) {
        const message = readMessage(line)
        if (message?.kind !== 'request') continue
        await new Promise<void>((resolve) => output.write(`${errorMessage(message.id, error)}\n`, () => resolve()))
        return
      }
    }
  } catch {
    // Whoever writes no lines is told by the exit code.
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
