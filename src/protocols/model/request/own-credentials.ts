/** As credentials of the gateway are written (src/identity/credential.ts). */
const OURS = /gs_(?:run|pg|k8s|http|model|mcp|proxy)_[0-9a-hjkmnp-tv-z]{39}/g

/**
 * What a provider gets of a body: agents read their environment to their model, and what opens the gateway is nobody's there. Nothing changes its length.
 * @returns the same object where there is none
 */
export function withoutOwnCredentials(body: Buffer): Buffer {
  if (!body.includes('gs_')) return body
  const text = body.toString('latin1')
  const covered = text.replace(OURS, (found) => '*'.repeat(found.length))
  return covered === text ? body : Buffer.from(covered, 'latin1')
}
