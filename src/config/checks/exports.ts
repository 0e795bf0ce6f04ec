import { isSafeUrl } from '../../channels/settings.ts'
import { type Check, inconsistent, repeated } from './check.ts'

/** Who gets what of the trail: each under a name of its own, on a way that nobody reads along. */
export const checkExports: Check = function* ({ exports = [], resources }) {
  yield* repeated(
    exports.map(({ name }, index) => [['exports', index, 'name'], name]),
    'export',
  )
  const names = new Set(resources.map(({ name }) => name))
  for (const [index, { kind, url, secret, filter, insecureLoopback = false }] of exports.entries()) {
    const path = ['exports', index]
    if (!isSafeUrl(url, insecureLoopback)) {
      const next = 'Write a URL with https; http is for this machine, with insecureLoopback: true.'
      yield inconsistent([...path, 'url'], 'What is sent there could be read or changed on the way.', next)
    }
    if (kind === 'webhook' && secret === undefined)
      yield inconsistent(path, 'Nobody could tell that its notifications are from here.', 'Write for example secret: "secret:siem".')
    if (kind !== 'webhook' && secret !== undefined)
      yield inconsistent(
        [...path, 'secret'],
        'Only notifications are signed.',
        'Use headers for what the receiver asks for, or write kind: webhook.',
      )
    for (const [at, name] of (filter?.resources ?? []).entries()) {
      if (names.has(name)) continue
      yield inconsistent([...path, 'filter', 'resources', at], 'No resource is called so.', 'Write the name of a resource.')
    }
  }
}
