import type { TLSSocket } from 'node:tls'
import { ConnectorError } from '../errors.ts'
import { firstBytes, isQuiet } from '../hand-over.ts'
import { prove } from '../proof.ts'
import { saidAtEnrolment, saidAtTunnel } from '../said.ts'
import {
  CONNECTOR_HEADER,
  ENROL_PATH,
  NAME_HEADER,
  NAME_SHAPE,
  PROOF_HEADER,
  TUNNEL_PATH,
  TUNNEL_PROTOCOL,
  VERSION_HEADER,
} from '../words.ts'
import type { OwnKey } from './key-file.ts'
import { ask, type GatewayAddress, reachGateway } from './reach-gateway.ts'

/** What a key is enrolled with. */
export type Shown = { readonly token: string } | { readonly workloadToken: string }

/**
 * Becomes a connector.
 * @throws ConnectorError what the gateway says, or why it was not reached
 */
export async function enrol(at: GatewayAddress, key: OwnKey, name: string | undefined, shown: Shown, signal: AbortSignal): Promise<void> {
  const { socket, binding } = await reachGateway(at, signal)
  const proof = prove(key.privateKey, 'enrol', binding, saidAtEnrolment(key.publicKey, name, shown))
  const body = { ...(name !== undefined && { name }), publicKey: base64url(key.publicKey), proof: base64url(proof), ...shown }
  const answer = await ask(socket, { method: 'POST', path: ENROL_PATH, body }, at, signal)
  const known = answer.kind === 'body' && typeof answer.body === 'object' && answer.body !== null && 'id' in answer.body && answer.body.id
  if (known !== key.id) throw new ConnectorError('GS_CONNECTOR_GATEWAY_ANSWER')
}

/**
 * A connection that is HTTP/2 from here on.
 * @returns it, and what the gateway calls this connector
 * @throws ConnectorError what the gateway says, or why it was not reached
 */
export async function openTunnel(
  at: GatewayAddress,
  key: OwnKey,
  version: string,
  signal: AbortSignal,
): Promise<{ readonly socket: TLSSocket; readonly name: string }> {
  const { socket, binding } = await reachGateway(at, signal)
  const proof = prove(key.privateKey, 'tunnel', binding, saidAtTunnel(key.id, version))
  const headers = {
    connection: 'upgrade',
    upgrade: TUNNEL_PROTOCOL,
    [CONNECTOR_HEADER]: key.id,
    [VERSION_HEADER]: version,
    [PROOF_HEADER]: base64url(proof),
  }
  const answer = await ask(socket, { method: 'GET', path: TUNNEL_PATH, headers }, at, signal)
  const name = answer.kind === 'upgraded' && answer.headers.upgrade === TUNNEL_PROTOCOL ? answer.headers[NAME_HEADER] : undefined
  if (typeof name === 'string' && NAME_SHAPE.test(name) && (await isQuiet(socket)) && (await firstBytes(socket))) return { socket, name }
  socket.destroy()
  throw new ConnectorError('GS_CONNECTOR_GATEWAY_ANSWER')
}

const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')
