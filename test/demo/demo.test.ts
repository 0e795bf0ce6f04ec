import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { DemoError, voice } from './voice.ts'

describe('the demo', () => {
  it('ends well within 30 s, with everything as told and no colours where nobody looks', { timeout: 40_000 }, () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(import.meta.dirname, 'demo.ts')], {
      encoding: 'utf8',
      timeout: 30_000,
    })
    expect(status, stdout + stderr).toBe(0)
    expect(stdout).toMatch(/As told, in \d/)
    expect(stdout).not.toContain('\u001b')
    expect(stdout).not.toContain('✗')
  })

  it('stops at the first thing that is not as told', () => {
    const written: string[] = []
    const { check } = voice({ isTTY: false, write: (text: string) => written.push(text) > 0 } as unknown as NodeJS.WriteStream)
    check(true, 'water is wet')
    expect(() => check(false, 'pigs fly')).toThrow(DemoError)
    expect(written.join('')).toContain('✗ pigs fly')
  })

  it('shows what others wrote without letting it steer the terminal', () => {
    const written: string[] = []
    voice({ isTTY: false, write: (text: string) => written.push(text) > 0 } as unknown as NodeJS.WriteStream).seen('a\u001b[2Jb\u202ec')
    expect(written).toEqual(['   | a·[2Jb·c\n'])
  })
})
