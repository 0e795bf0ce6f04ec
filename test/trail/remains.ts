import { copyFileSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { openPayloadStore } from '../../src/store/index.ts'
import { Needles } from '../parts/needles.ts'

/** Ciphertext is looked for in pieces of this many bytes, so that what is gone but for a part is found too. */
const PIECE_BYTES = 16

/** Every secret byte string of these keys that stands in a data folder: as sealed in the key store, and all that they sealed, in pieces. */
export function remainsOf(data: string, keys: readonly string[], size: number): readonly Buffer[] {
  const wanted = new Set(keys)
  const found = keys.map((id) => sealedKey(data, id))
  const payloads = openPayloadStore(data)
  try {
    for (let index = 0; index < size; index++)
      for (const { key, sealed } of payloads.find(index)) if (wanted.has(key)) found.push(...piecesOf(Buffer.from(sealed)))
  } finally {
    payloads.close()
  }
  return found
}

/** How many of these stand in any file of the folder. Where a gateway runs, files come and go meanwhile: only what lies still is looked at whole. */
export function occurring(data: string, remains: readonly (Buffer | string)[]): number {
  const files = globSync('**', { cwd: data })
    .map((name) => join(data, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile())

  const needles = new Needles(remains.map((each) => (typeof each === 'string' ? Buffer.from(each) : each)))
  const found = new Set<number>()
  for (const path of files) needles.find(contentOf(path), found)
  return found.size
}

/** How far the key store says that an erasure has come. The store is copied first: it is looked at as it lies. */
export function erasureUnderWay(data: string): 'none' | 'asked' | 'recorded' {
  const copy = mkdtempSync(join(tmpdir(), 'gatescribe-keys-'))
  try {
    for (const end of ['', '-wal']) {
      const name = `keys.sqlite${end}`
      if (existsSync(join(data, name))) copyFileSync(join(data, name), join(copy, name))
    }
    const database = new DatabaseSync(join(copy, 'keys.sqlite'))
    const row = database.prepare("SELECT value FROM setting WHERE name = 'erasing'").get() as { value: string } | undefined
    database.close()
    if (!row) return 'none'
    return (JSON.parse(row.value) as { recorded: boolean }).recorded ? 'recorded' : 'asked'
  } finally {
    rmSync(copy, { recursive: true })
  }
}

function sealedKey(data: string, id: string): Buffer {
  const database = new DatabaseSync(join(data, 'keys.sqlite'), { readOnly: true })
  const { sealed } = database.prepare('SELECT sealed FROM key WHERE id = ?').get(id) as { sealed: Uint8Array }
  database.close()
  return Buffer.from(sealed)
}

function* piecesOf(sealed: Buffer): Generator<Buffer> {
  for (let at = 0; at + PIECE_BYTES <= sealed.byteLength; at += PIECE_BYTES) yield sealed.subarray(at, at + PIECE_BYTES)
}

/** Without the zeros at the end, which are most of a segment. */
function contentOf(path: string): Buffer {
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0)
    throw error
  }
  let end = bytes.byteLength
  while (end >= 4096 && bytes.subarray(end - 4096, end).equals(ZEROS)) end -= 4096
  return bytes.subarray(0, end)
}

const ZEROS = Buffer.alloc(4096)
