import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { PeopleError, type PersonSessionId, type SessionsOfPeople } from '../../identity/people/index.ts'
import type { LocalApi } from '../local/local-api.ts'

/** What is still streaming to a person ends with their session: whoever is revoked reads nothing more. */
export function cutStreams(api: LocalApi, sessions: Pick<SessionsOfPeople, 'isLive' | 'onEnded'>): void {
  const streaming = new Map<PersonSessionId, Set<FastifyReply['raw']>>()
  api.addHook('onSend', async (request, reply, payload) => {
    if (!request.authenticated || !(payload instanceof Readable)) return payload
    const { id } = request.authenticated.session
    // It was looked up, and took its time.
    if (!sessions.isLive(id)) {
      payload.destroy()
      throw new PeopleError('GS_PEOPLE_SESSION_INVALID')
    }
    const { raw } = reply
    const of = streaming.get(id) ?? new Set()
    streaming.set(id, of.add(raw))
    raw.once('close', () => {
      of.delete(raw)
      if (of.size === 0) streaming.delete(id)
    })
    return payload
  })
  const forget = sessions.onEnded(({ id }) => {
    for (const raw of streaming.get(id) ?? []) raw.destroy()
  })
  api.addHook('onClose', async () => forget())
}
