import { Duplex } from 'node:stream'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { carry } from './carry.ts'

/** One end of what is carried. */
function end() {
  /** Each call that the system would have seen, as the sizes of its pieces. */
  const calls: number[][] = []
  const taken: Buffer[] = []
  let stalled: (() => void) | undefined
  let stalls = false
  const take = (chunks: Buffer[], done: () => void) => {
    calls.push(chunks.map(({ length }) => length))
    taken.push(...chunks)
    if (stalls) stalled = done
    else setImmediate(done)
  }
  const duplex = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => take([chunk], done),
    writev: (chunks, done) =>
      take(
        chunks.map(({ chunk }) => chunk as Buffer),
        done,
      ),
  })
  return {
    ...{ duplex, calls, taken },
    stall(): void {
      stalls = true
    },
    goOn(): void {
      stalls = false
      stalled?.()
    },
  }
}

function carried() {
  const [stream, target] = [end(), end()]
  carry(stream.duplex, target.duplex)
  return { stream, target }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))
const turns = async (count: number) => {
  for (let at = 0; at < count; at += 1) await turn()
}
/** A callback of the system's: what it pushes is there before anything else runs. */
const arrives = (at: Duplex, ...sizes: number[]) => new Promise<void>((resolve) => setImmediate(() => resolve(push(at, sizes))))
const push = (at: Duplex, sizes: readonly number[]) => {
  for (const size of sizes) at.push(Buffer.alloc(size, 'x'))
}

it('hands on in one call what came in one turn, cut where frames and records end', async () => {
  const { stream, target } = carried()
  await turn()
  await arrives(stream.duplex, 16_375, 9, 16_366, 18, 16_357)
  await turns(3)
  expect(target.calls).toEqual([[16_375, 9, 16_366, 18, 16_357]])
})

it('lets a message wait for nothing', async () => {
  const { stream, target } = carried()
  await turn()
  await arrives(stream.duplex, 200)
  // No turn later.
  expect(target.calls).toEqual([[200]])
})

it.each(['to the target', 'from the target'])('takes no more %s than may wait, and goes on once it is read', async (way) => {
  const { stream, target } = carried()
  const [from, to] = way === 'to the target' ? [stream, target] : [target, stream]
  to.stall()
  let pushed = 0
  while (from.duplex.readableLength < 65_536 && pushed < 4 << 20) {
    await arrives(from.duplex, 16_384)
    pushed += 16_384
    await turn()
  }
  const waiting = to.duplex.writableLength
  expect(waiting).toBeGreaterThanOrEqual(128 << 10)
  expect(waiting).toBeLessThanOrEqual((256 << 10) + 65_536)
  await turns(20)
  expect(to.duplex.writableLength).toBe(waiting)
  to.goOn()
  await expect.poll(() => Buffer.concat(to.taken).length).toBe(pushed)
})

it('carries any pieces unchanged and in order, and their end behind them', async () => {
  const piece = fc.oneof(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 1, max: 70_000 }))
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(piece, fc.boolean()), { maxLength: 40 }), fc.boolean(), async (pieces, outwards) => {
      const { stream, target } = carried()
      const [from, to] = outwards ? [stream, target] : [target, stream]
      const sent: Buffer[] = []
      for (const [[size, waits], at] of pieces.map((each, at) => [each, at] as const)) {
        const bytes = Buffer.alloc(size, at % 251)
        sent.push(bytes)
        from.duplex.push(bytes)
        if (waits) await turn()
      }
      from.duplex.push(null)
      await new Promise((resolve) => to.duplex.once('finish', resolve))
      expect(Buffer.concat(to.taken).equals(Buffer.concat(sent))).toBe(true)
      expect(to.duplex.readableEnded).toBe(false)
    }),
    { numRuns: 60 },
  )
})
