import { type FileHandle, open } from 'node:fs/promises'
import type { EvidenceTrail } from '../../evidence/index.ts'
import { parseCheckpoint, parseNote, tilePath } from '../../tlog/index.ts'
import type { StoredEntry, Trail } from '../../trail/index.ts'

const BLOCK = 512
/** Entries are read in pieces of this many bytes. */
const PIECE = 256 * 1024

interface Member {
  readonly offset: number
  readonly size: number
}

/**
 * The copy of a held run, as evidence is made from a log: it stands for the part of the log that may be pruned by now. What its entries have beside the
 * log is opened from the trail, where the hold protects it.
 */
export class HeldBundle implements EvidenceTrail {
  readonly name: string
  readonly proven: EvidenceTrail['proven']
  readonly #file: FileHandle
  readonly #members: ReadonlyMap<string, Member>
  readonly #reopen: Trail['reopen']

  private constructor(file: FileHandle, members: ReadonlyMap<string, Member>, checkpoint: string, reopen: Trail['reopen']) {
    const { origin, size, root } = parseCheckpoint(parseNote(checkpoint).text)
    this.name = origin
    this.proven = { size, root, minimum: 0, checkpoint, age: 0 }
    this.#file = file
    this.#members = members
    this.#reopen = reopen
  }

  /** @param path of an archive that this gateway wrote */
  static async open(path: string, reopen: Trail['reopen']): Promise<HeldBundle> {
    const file = await open(path)
    try {
      const members = await membersOf(file)
      const checkpoint = (await read(file, members.get('checkpoint'))).toString()
      return new HeldBundle(file, members, checkpoint, reopen)
    } catch (error) {
      await file.close()
      throw error
    }
  }

  readonly tile: EvidenceTrail['tile'] = (id) => read(this.#file, this.#members.get(tilePath(id)))

  publish(): Promise<EvidenceTrail['proven']> {
    return Promise.resolve(this.proven)
  }

  witnessed(): Promise<string | undefined> {
    return Promise.resolve(undefined)
  }

  async *read({ from = 0 }: { readonly from?: number } = {}): AsyncGenerator<StoredEntry> {
    for await (const line of this.#lines()) {
      const space = line.indexOf(0x20)
      const index = Number(line.toString('latin1', 0, space))
      if (index >= from) yield this.#reopen(index, line.subarray(space + 1))
    }
  }

  close(): Promise<void> {
    return this.#file.close()
  }

  async *#lines(): AsyncGenerator<Buffer> {
    const { offset, size } = this.#members.get('entries') ?? { offset: 0, size: 0 }
    let rest: Buffer = Buffer.alloc(0)
    for (let at = 0; at < size; at += PIECE) {
      rest = Buffer.concat([rest, await read(this.#file, { offset: offset + at, size: Math.min(PIECE, size - at) })])
      let begin = 0
      for (let end = rest.indexOf(0x0a); end !== -1; end = rest.indexOf(0x0a, begin)) {
        yield rest.subarray(begin, end)
        begin = end + 1
      }
      rest = rest.subarray(begin)
    }
  }
}

/** POSIX.1-2017 pax, "ustar Interchange Format": a header of 512 bytes, then the content in whole blocks. */
async function membersOf(file: FileHandle): Promise<ReadonlyMap<string, Member>> {
  const members = new Map<string, Member>()
  for (let offset = 0; ; ) {
    const header = await read(file, { offset, size: BLOCK })
    const name = header.toString('latin1', 0, header.indexOf(0))
    if (name === '') return members
    const size = Number.parseInt(header.toString('latin1', 124, 135), 8)
    members.set(name, { offset: offset + BLOCK, size })
    offset += BLOCK + Math.ceil(size / BLOCK) * BLOCK
  }
}

async function read(file: FileHandle, member: Member | undefined): Promise<Buffer> {
  const { offset, size } = member ?? { offset: 0, size: 0 }
  const bytes = Buffer.alloc(size)
  const { bytesRead } = await file.read(bytes, 0, size, offset)
  if (member === undefined || bytesRead < size) throw new Error('the copy of a held run is not whole')
  return bytes
}
