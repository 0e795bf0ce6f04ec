import type { SegmentFiles } from '../../src/trail/segment-files.ts'

/** Segments in memory, with the faults of a disk on request. A fake, because a real disk does not fail when asked. */
export class MemorySegments implements SegmentFiles {
  readonly files = new Map<string, Buffer>()
  /** Segments that can still be made. */
  room = Number.POSITIVE_INFINITY
  /** What the next write meets: refused, or only so many bytes taken. */
  fault: Error | { short: number } | undefined
  /** Writes wait here until `release` where this is set. */
  slow = false
  writes = 0
  #held: (() => void)[] = []

  list(): string[] {
    return [...this.files.keys()]
  }

  read(name: string): Buffer {
    return this.#file(name)
  }

  async readAt(name: string, position: number, bytes: number): Promise<Buffer> {
    return Buffer.from(this.#file(name).subarray(position, position + bytes))
  }

  async allocate(name: string, header: Uint8Array, size: number): Promise<void> {
    if (this.room <= 0) throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
    this.room--
    const file = Buffer.alloc(size)
    file.set(header)
    this.files.set(name, file)
  }

  openForWriting(name: string) {
    const file = this.#file(name)
    return {
      size: file.byteLength,
      write: (bytes: Uint8Array, position: number, done: (error: Error | undefined) => void) => {
        this.writes++
        const { fault } = this
        if (fault instanceof Error) return done(fault)
        file.set(fault ? bytes.subarray(0, fault.short) : bytes, position)
        if (fault) return done(new Error(`short write: ${fault.short} of ${bytes.byteLength} bytes`))
        if (this.slow) this.#held.push(() => done(undefined))
        else done(undefined)
      },
      close: () => undefined,
    }
  }

  remove(name: string): void {
    this.files.delete(name)
  }

  /** Lets the writes that wait come back. */
  release(): void {
    for (const done of this.#held.splice(0)) done()
  }

  /** A copy that can be damaged without harm to this one. */
  copy(): MemorySegments {
    const copy = new MemorySegments()
    for (const [name, file] of this.files) copy.files.set(name, Buffer.from(file))
    return copy
  }

  #file(name: string): Buffer {
    const file = this.files.get(name)
    if (!file) throw new Error(`ENOENT: ${name}`)
    return file
  }
}
