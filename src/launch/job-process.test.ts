import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { startJob } from './job-process.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-job-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const start = (script: string) =>
  startJob({ command: 'sh', words: ['-c', script], env: { PATH: process.env.PATH ?? '', MARK: join(folder, 'mark') }, folder })
const marked = () => {
  try {
    return readFileSync(join(folder, 'mark'), 'utf8')
  } catch {
    return ''
  }
}

it('gives the exit code of the job, and 128 and the number of a signal that ended it', async () => {
  expect(await (await start('exit 3')).exited).toBe(3)
  expect(await (await start('kill -TERM $$')).exited).toBe(143)
  expect(await (await start('kill -KILL $$')).exited).toBe(137)
})

it('tells a job to stop, and makes it stop where it does not hear', async () => {
  const deaf = await start('trap "" TERM; echo listens > $MARK; while :; do sleep 0.02; done')
  await expect.poll(marked).not.toBe('')
  deaf.stop(100)
  // A second time is no sooner and no later.
  deaf.stop(10_000)
  expect(await deaf.exited).toBe(137)
})

it('lets a job that hears end as it likes', async () => {
  const job = await start('trap "exit 9" TERM; echo listens > $MARK; while :; do sleep 0.02; done')
  await expect.poll(marked).not.toBe('')
  job.stop(5_000)
  expect(await job.exited).toBe(9)
})

it('hears no signal for a job that has ended, or never began', async () => {
  const before = process.listenerCount('SIGTERM')
  await (await start('true')).exited
  await expect(startJob({ command: 'no-such-command-here', words: [], env: {}, folder })).rejects.toMatchObject({
    code: 'GS_LAUNCH_NO_COMMAND',
    cause: { code: 'ENOENT' },
  })
  expect(process.listenerCount('SIGTERM')).toBe(before)
})
