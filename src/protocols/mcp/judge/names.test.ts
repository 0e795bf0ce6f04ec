import { describe, expect, it } from 'vitest'
import { looksLike, OfferedNames } from './names.ts'

describe('names', () => {
  it.each([
    ['read_file', 'Read_File'],
    ['read_file', 'rеad_file'],
    ['read_file', 'read\u200b_file'],
    ['read_file', 'ｒead_file'],
    ['list_all', 'Iist_all'],
    ['list_all', '1ist_a11'],
    ['go', 'g0'],
    ['cafe', 'café'],
    ['a-b', 'a‐b'],
  ])('%s and %s look alike', (one, other) => {
    expect(looksLike(one)).toBe(looksLike(other))
  })

  it.each([
    ['read_file', 'write_file'],
    ['read-file', 'read_file'],
    ['read_file', 'read_files'],
  ])('%s and %s do not', (one, other) => {
    expect(looksLike(one)).not.toBe(looksLike(other))
  })

  it('collide over all pages of a list, until a whole list has one of them only', () => {
    const names = new OfferedNames()
    names.begin()
    names.add('read')
    expect([names.has('read'), names.collides('read')]).toEqual([true, false])
    names.add('READ')
    expect([names.collides('read'), names.collides('READ'), names.collides('write')]).toEqual([true, true, false])
    names.complete()
    names.begin()
    names.add('read')
    expect(names.collides('read')).toBe(true)
    names.complete()
    expect([names.collides('read'), names.has('READ')]).toEqual([false, false])
  })
})
