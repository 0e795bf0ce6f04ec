import { hash, randomBytes } from 'node:crypto'
import type { StoredOffer } from './store.ts'

/** The prefix lets leak scanners, and our own redaction, recognise one. */
const TOKEN_SHAPE = /^gs_con_[0-9a-f]{40}$/

/** A new token: 160 random bits, which need no salt and no stretching. */
export function newOffer(name: string, offeredBy: string, expiresAt: number): { readonly token: string; readonly offer: StoredOffer } {
  const token = `gs_con_${randomBytes(20).toString('hex')}`
  return { token, offer: { id: `off_${randomBytes(10).toString('hex')}`, hash: hashToken(token), name, offeredBy, expiresAt } }
}

export const isToken = (text: string): boolean => TOKEN_SHAPE.test(text)

export const hashToken = (token: string): Buffer => hash('sha256', token, 'buffer')
