import fc from 'fast-check'
import { expect, it } from 'vitest'
import { naive, someLeaves } from '../../test/parts/naive-merkle-tree.ts'
import { EMPTY_ROOT } from './merkle.ts'
import { verifyConsistency, verifyInclusion } from './verify-proofs.ts'

const leaves = someLeaves(80)
const first = (size: number) => leaves.slice(0, size)
const roots = Array.from({ length: 81 }, (_, size) => naive.root(first(size)))
const root = (size: number) => roots[size] as Buffer
const leaf = (index: number) => leaves[index] as Buffer

/** A proof that is not the one it was: a hash changed, missing, doubled, moved, or one too many. */
const spoil = (proof: readonly Buffer[], how: number, at: number): Buffer[] => {
  const spoiled: Buffer[] = proof.map((hash) => Buffer.from(hash))
  const place = proof.length === 0 ? 0 : at % proof.length
  if (how === 0 && proof.length > 0) (spoiled[place] as Buffer)[at % 32]! ^= 1 << (at % 8)
  else if (how === 1 && proof.length > 0) spoiled.splice(place, 1)
  else if (how === 2 && proof.length > 1) spoiled.push(spoiled.shift() as Buffer)
  else spoiled.splice(place, 0, Buffer.from(leaf(at % 80)))
  return spoiled
}

it('accepts no inclusion but the true one', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 80 }), fc.nat(), fc.nat(3), fc.nat(), (size, seed, how, at) => {
      const index = seed % size
      const proof = naive.path(index, first(size))
      expect(verifyInclusion(leaf(index), index, size, proof, root(size))).toBe(true)
      const spoiled = spoil(proof, how, at)
      if (Buffer.concat(spoiled).equals(Buffer.concat(proof))) return
      expect(verifyInclusion(leaf(index), index, size, spoiled, root(size))).toBe(false)
    }),
    { numRuns: 2000 },
  )
})

it('accepts no leaf elsewhere, and no other leaf', () => {
  for (let size = 1; size <= 40; size++) {
    for (let index = 0; index < size; index++) {
      const proof = naive.path(index, first(size))
      for (let other = 0; other < size; other++) {
        expect(verifyInclusion(leaf(index), other, size, proof, root(size))).toBe(other === index)
        expect(verifyInclusion(leaf(other), index, size, proof, root(size))).toBe(other === index)
      }
    }
  }
})

it('accepts no growth but the true one', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 80 }), fc.nat(), fc.nat(3), fc.nat(), (to, seed, how, at) => {
      const from = 1 + (seed % to)
      const proof = naive.proof(from, first(to))
      expect(verifyConsistency(from, root(from), to, root(to), proof)).toBe(true)
      const spoiled = spoil(proof, how, at)
      if (Buffer.concat(spoiled).equals(Buffer.concat(proof))) return
      expect(verifyConsistency(from, root(from), to, root(to), spoiled)).toBe(false)
    }),
    { numRuns: 2000 },
  )
})

it('accepts no growth of a tree that had another root', () => {
  for (let to = 1; to <= 40; to++) {
    for (let from = 0; from <= to; from++) {
      const proof = naive.proof(from, first(to))
      expect(verifyConsistency(from, root(41), to, root(to), proof)).toBe(false)
      expect(verifyConsistency(from, root(from), to, root(41), proof)).toBe(from === 0)
    }
  }
})

it('lets everything grow from nothing, without a proof, and from nothing else', () => {
  expect(verifyConsistency(0, EMPTY_ROOT, 5, root(5), [])).toBe(true)
  expect(verifyConsistency(0, EMPTY_ROOT, 0, EMPTY_ROOT, [])).toBe(true)
  expect(verifyConsistency(0, EMPTY_ROOT, 5, root(5), [leaf(0)])).toBe(false)
  expect(verifyConsistency(0, root(1), 5, root(5), [])).toBe(false)
  expect(verifyConsistency(0, root(1), 0, root(1), [])).toBe(false)
  expect(verifyConsistency(3, root(3), 3, root(3), [])).toBe(true)
  expect(verifyConsistency(3, root(3), 3, root(4), [])).toBe(false)
  expect(verifyConsistency(3, root(3), 3, root(3), [leaf(0)])).toBe(false)
})

it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])('accepts nothing at %d', (size) => {
  expect(verifyInclusion(leaf(0), size, 5, [], root(1))).toBe(false)
  expect(verifyInclusion(leaf(0), 0, size, [], root(1))).toBe(false)
  expect(verifyConsistency(size, root(1), 5, root(5), [])).toBe(false)
  expect(verifyConsistency(1, root(1), size, root(5), [])).toBe(false)
})

it('accepts nothing that is not a hash', () => {
  expect(verifyInclusion(leaf(0).subarray(1), 0, 1, [], root(1))).toBe(false)
  expect(verifyInclusion(leaf(0), 0, 1, [], root(1).subarray(1))).toBe(false)
  expect(verifyInclusion(leaf(0), 0, 2, [leaf(1).subarray(1)], root(2))).toBe(false)
  expect(verifyConsistency(1, root(1), 2, root(2), [Buffer.concat([leaf(1), leaf(1)])])).toBe(false)
})

it('is quick where a proof is far too long, or sizes are the largest there are', () => {
  const long = Array.from({ length: 100_000 }, () => leaf(0))
  expect(verifyInclusion(leaf(0), 0, Number.MAX_SAFE_INTEGER, long, root(1))).toBe(false)
  expect(verifyConsistency(3, root(3), Number.MAX_SAFE_INTEGER, root(5), long)).toBe(false)
})
