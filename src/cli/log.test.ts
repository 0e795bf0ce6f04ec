import { Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { CliError } from './errors.ts'
import { createLog, type LogFormat } from './log.ts'

function logged(format: LogFormat) {
  let text = ''
  const destination = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk)
      done()
    },
  })
  return { log: createLog({ format, level: 'info', destination }), text: () => text }
}

describe('the log', () => {
  it('is JSON lines with times and level names', () => {
    const { log, text } = logged('json')
    log.debug('too small')
    log.info({ socket: '/data/gatescribe.sock' }, 'ready')
    expect(JSON.parse(text())).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      socket: '/data/gatescribe.sock',
      msg: 'ready',
    })
  })

  it('holds of an error of ours its code and sentence, of others the stack too', () => {
    const { log, text } = logged('json')
    log.error({ err: new CliError('GS_CLI_FILE', undefined, { cause: new Error('password=hunter2') }) }, 'failed')
    expect(JSON.parse(text()).err).toEqual({ name: 'CliError', code: 'GS_CLI_FILE', message: expect.any(String) })
    expect(text()).not.toContain('hunter2')
  })

  it('is readable for people, and obeys nothing that stands in it', () => {
    const { log, text } = logged('pretty')
    log.warn({ name: '\u001b[2J' }, 'line one\nline two\u001b[31m')
    expect(text()).toMatch(/^\d\d:\d\d:\d\d\.\d{3} {2}warn {3}line one\n {4}line two\\x1b\[31m {2}name=\\x1b\[2J\n$/)
  })
})
