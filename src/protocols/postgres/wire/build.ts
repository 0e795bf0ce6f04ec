import { backend, frontend } from './codes.ts'

/** A message from its type and its body. */
export function message(type: number, body: Uint8Array = new Uint8Array(0)): Buffer {
  const whole = Buffer.allocUnsafe(5 + body.length)
  whole[0] = type
  whole.writeUInt32BE(4 + body.length, 1)
  whole.set(body, 5)
  return whole
}

export function parameterStatus(name: string, value: string): Buffer {
  return message(backend.parameterStatus, Buffer.from(`${name}\0${value}\0`))
}

/** @param key 4 bytes on protocol 3.0, up to 256 on 3.2 */
export function backendKeyData(processId: number, key: Uint8Array): Buffer {
  const body = Buffer.allocUnsafe(4 + key.length)
  body.writeUInt32BE(processId >>> 0, 0)
  body.set(key, 4)
  return message(backend.backendKeyData, body)
}

/** @param status one of `transaction` */
export function readyForQuery(status: number): Buffer {
  return message(backend.readyForQuery, Uint8Array.of(status))
}

export function query(text: string): Buffer {
  return message(frontend.query, Buffer.from(`${text}\0`))
}

/** Without parameter types. */
export function parse(name: string, text: string): Buffer {
  return message(frontend.parse, Buffer.from(`${name}\0${text}\0\0\0`))
}

/**
 * A Bind with text parameters, or with what a caller that tests or refuses wants of it.
 * @param formats parameter format codes, as announced
 */
export function bind(
  portal: string,
  statement: string,
  parameters: readonly (string | null)[] = [],
  formats: readonly number[] = [],
): Buffer {
  const parts = [Buffer.from(`${portal}\0${statement}\0`), int16(formats.length), ...formats.map(int16), int16(parameters.length)]
  for (const parameter of parameters) {
    if (parameter === null) parts.push(int32(-1))
    else parts.push(int32(Buffer.byteLength(parameter)), Buffer.from(parameter))
  }
  return message(frontend.bind, Buffer.concat([...parts, int16(0)]))
}

/** @param kind `S` for a statement, `P` for a portal */
export function describe(kind: 'S' | 'P', name: string): Buffer {
  return message(frontend.describe, Buffer.from(`${kind}${name}\0`))
}

/** @param kind `S` for a statement, `P` for a portal */
export function close(kind: 'S' | 'P', name: string): Buffer {
  return message(frontend.close, Buffer.from(`${kind}${name}\0`))
}

/** @param limit rows, 0 for all */
export function execute(portal: string, limit = 0): Buffer {
  return message(frontend.execute, Buffer.concat([Buffer.from(`${portal}\0`), int32(limit)]))
}

export function sync(): Buffer {
  return message(frontend.sync)
}

export function flush(): Buffer {
  return message(frontend.flush)
}

export function terminate(): Buffer {
  return message(frontend.terminate)
}

export function copyData(content: Uint8Array): Buffer {
  return message(frontend.copyData, content)
}

export function copyDone(): Buffer {
  return message(frontend.copyDone)
}

export function copyFail(reason: string): Buffer {
  return message(frontend.copyFail, Buffer.from(`${reason}\0`))
}

function int16(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(2)
  bytes.writeUInt16BE(value)
  return bytes
}

function int32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4)
  bytes.writeInt32BE(value)
  return bytes
}
