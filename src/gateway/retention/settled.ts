import type { Trail } from '../../trail/index.ts'

/** Resolves once everything staged so far is durable, and so can be read. @throws TrailError */
export function settled(trail: Pick<Trail, 'whenDurable'>): Promise<void> {
  return new Promise((resolve, reject) => trail.whenDurable((error) => (error ? reject(error) : resolve())))
}
