import { expect, it } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }

it('runs the tests themselves under a Node that the package supports', () => {
  const needed = Number(/\d+/.exec(manifest.engines.node)?.[0])
  expect(Number(process.versions.node.split('.')[0])).toBeGreaterThanOrEqual(needed)
})
