import { type IncomingMessage, request as plainRequest } from 'node:http'
import { request as tlsRequest } from 'node:https'
import type { z } from 'zod'
import { jsonRequests } from '../local/ask.ts'
import type { Transport } from '../local/transport.ts'
import { AdminDoorError } from './errors.ts'
import {
  type LaunchedOwnRunAnswer,
  launchedOwnRunSchema,
  type OwnRunAnswer,
  type OwnRunLifeAnswer,
  ownRunLifeSchema,
  ownRunSchema,
} from './own-run-schemas.ts'
import {
  type DeviceAnswer,
  deviceSchema,
  issuersSchema,
  type MeAnswer,
  meSchema,
  type PolledAnswer,
  polledSchema,
} from './sign-in-schemas.ts'

/** How long the door may say nothing; ms. */
const PATIENCE = 30_000
const LOOPBACK = ['127.0.0.1', '[::1]', 'localhost']

/** @returns the origin by which a door is known. @throws AdminDoorError GS_ADMIN_URL_INSECURE; TypeError where it is no URL */
export function doorOrigin(url: string): string {
  const { origin, protocol, hostname } = new URL(url)
  if (protocol === 'https:' || (protocol === 'http:' && LOOPBACK.includes(hostname))) return origin
  throw new AdminDoorError('GS_ADMIN_URL_INSECURE')
}

/**
 * Carries requests to an admin door, and the token to nowhere else: no redirect is followed, and the certificate is verified whatever the environment says.
 * @param ca PEM to trust instead of what the system trusts
 * @param token of a person's session; absent for signing in
 * @throws AdminDoorError GS_ADMIN_URL_INSECURE
 */
export function doorTransport(url: string, { ca, token }: { readonly ca?: string | undefined; readonly token?: string }): Transport {
  const origin = new URL(doorOrigin(url))
  return ({ method, path, body, type = 'application/octet-stream', signal }) =>
    new Promise((resolve, reject) => {
      const options = {
        method,
        headers: {
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(body && { 'content-type': type, 'content-length': body.byteLength }),
        },
        agent: false,
        timeout: PATIENCE,
        ...(signal && { signal }),
      } as const
      const target = new URL(path, origin)
      const outgoing =
        origin.protocol === 'https:'
          ? tlsRequest(target, { ...options, rejectUnauthorized: true, ...(ca !== undefined && { ca }) })
          : plainRequest(target, options)
      outgoing.once('response', (response: IncomingMessage) => resolve({ status: response.statusCode ?? 500, body: response }))
      outgoing.once('timeout', () => outgoing.destroy(new AdminDoorError('GS_ADMIN_UNREACHABLE', 'it says nothing')))
      outgoing.once('error', (error) => reject(signal?.aborted ? error : unreachable(error)))
      outgoing.end(body)
    })
}

/** The system's own words (ECONNREFUSED, CERT_…), never the request. */
function unreachable(error: Error & { readonly code?: unknown }): AdminDoorError {
  if (error instanceof AdminDoorError) return error
  return new AdminDoorError('GS_ADMIN_UNREACHABLE', typeof error.code === 'string' ? error.code : undefined, { cause: error })
}

/** Signing in and out of an admin door, from a command line. Throws what the gateway refused as GatewayAnswer. */
export interface SignInClient {
  /** Those that sign in people there. */
  issuers(): Promise<readonly { readonly name: string; readonly url: string }[]>
  begin(issuer: string): Promise<DeviceAnswer>
  /** @param handle of what was begun */
  poll(handle: string): Promise<PolledAnswer>
  me(): Promise<MeAnswer>
  signOut(): Promise<void>
}

export function signInClient(send: Transport): SignInClient {
  const { get, act, post } = jsonRequests(send)
  return {
    issuers: () => get('/v1/signin/issuers', issuersSchema),
    begin: (issuer) => post('/v1/signin/device', { issuer }, deviceSchema),
    poll: (handle) => post('/v1/signin/device/poll', { handle }, polledSchema as z.ZodType<PolledAnswer>),
    me: () => get('/v1/me', meSchema),
    signOut: () => act('POST', '/v1/signout'),
  }
}

/** Runs of one's own, from a command line. Throws what the gateway refused as GatewayAnswer. */
export interface OwnRunClient {
  start(resource: string): Promise<OwnRunAnswer>
  /** One for everything that they may open. */
  launch(): Promise<LaunchedOwnRunAnswer>
  renew(run: string): Promise<OwnRunLifeAnswer>
  end(run: string): Promise<void>
}

export function ownRunClient(send: Transport): OwnRunClient {
  const { act, post } = jsonRequests(send)
  return {
    start: (resource) => post('/v1/runs/mine', { resource }, ownRunSchema),
    launch: () => post('/v1/runs/mine/launched', {}, launchedOwnRunSchema),
    renew: (run) => post(`/v1/runs/mine/${encodeURIComponent(run)}/renew`, {}, ownRunLifeSchema),
    end: (run) => act('POST', `/v1/runs/mine/${encodeURIComponent(run)}/end`),
  }
}
