import { createWriteStream, existsSync, rmSync } from 'node:fs'
import { mkdir, open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { HoldId } from '../../retention/index.ts'

/** The copies of runs under a legal hold: `holds/<id>/bundle.tar` in the data folder, without payloads. */
export class HoldCopies {
  readonly #folder: string

  /** @param data `gateway.data` */
  constructor(data: string) {
    this.#folder = join(data, 'holds')
  }

  path(id: HoldId): string {
    return join(this.#folder, id, 'bundle.tar')
  }

  has(id: HoldId): boolean {
    return existsSync(this.path(id))
  }

  /** Replaces what is there, once all of it is on the disk. */
  async write(id: HoldId, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    const folder = join(this.#folder, id)
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const part = join(folder, 'bundle.part')
    await pipeline(Readable.from(bytes, { objectMode: false }), createWriteStream(part, { mode: 0o600, flush: true }))
    await rename(part, this.path(id))
    for (const each of [folder, this.#folder]) await syncFolder(each)
  }

  remove(id: HoldId): void {
    rmSync(join(this.#folder, id), { recursive: true, force: true })
  }
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
