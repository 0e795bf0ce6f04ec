import { createHmac, timingSafeEqual } from 'node:crypto'
import { TrailError } from './errors.ts'
import type { LogFiles } from './log-files.ts'
import type { OpenSession, Published } from './published.ts'

const STATE_PATH = 'state'
const MAC_CHARACTERS = 64

/** The text of the state: one line of JSON, LF, the HMAC-SHA256 of that line under the log key in hexadecimal, LF. */
export function stateText({ size, root, minimum, wal, open }: Published, key: Uint8Array): string {
  const line = JSON.stringify({
    version: 1,
    size,
    root: root.toString('base64'),
    minimum,
    wal: { ...wal, mac: Buffer.from(wal.mac).toString('base64') },
    open,
  })
  return `${line}\n${macOf(line, key)}\n`
}

/** @throws TrailError GS_TRAIL_DAMAGED where a byte of it is not as it was written */
export function parseState(text: string, key: Uint8Array): Published {
  const line = text.slice(0, -(MAC_CHARACTERS + 2))
  const mac = Buffer.from(text.slice(line.length))
  const expected = Buffer.from(`\n${macOf(line, key)}\n`)
  if (mac.byteLength !== expected.byteLength || !timingSafeEqual(mac, expected)) {
    throw new TrailError('GS_TRAIL_DAMAGED', 'The file trail/state has been changed, or belongs to another log.')
  }
  const { size, root, minimum, wal, open } = JSON.parse(line) as Stored
  return { size, root: Buffer.from(root, 'base64'), minimum, wal: { ...wal, mac: Buffer.from(wal.mac, 'base64') }, open }
}

interface Stored {
  readonly size: number
  readonly root: string
  readonly minimum: number
  readonly wal: { readonly segment: number; readonly offset: number; readonly batches: number; readonly mac: string }
  readonly open: readonly OpenSession[]
}

export async function readState(files: LogFiles, key: Uint8Array): Promise<Published | undefined> {
  const bytes = await files.read(STATE_PATH)
  // It is ASCII as written; what is not stays what it is, and its MAC is wrong.
  return bytes && parseState(bytes.toString('latin1'), key)
}

export function writeState(files: LogFiles, published: Published, key: Uint8Array): Promise<void> {
  return files.replace({ path: STATE_PATH, bytes: Buffer.from(stateText(published, key)) })
}

function macOf(line: string, key: Uint8Array): string {
  return createHmac('sha256', key).update('state\n').update(line).digest('hex')
}
