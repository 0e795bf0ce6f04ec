import { LaunchError } from '../errors.ts'
import type { AmbientSurroundings } from './ambient-identity.ts'
import { askForField } from './ask.ts'

type Minting = Pick<AmbientSurroundings, 'env' | 'audience' | 'signal'>

const LOOPBACK = ['127.0.0.1', '[::1]', 'localhost']

/**
 * Entra workload identity: the token of the pod is exchanged at Entra ID (OAuth 2.0 client credentials with a federated assertion) for one
 * that is for the gateway.
 * @param assertion content of AZURE_FEDERATED_TOKEN_FILE
 */
export async function mintAtEntra(assertion: string, { env, audience, signal }: Minting): Promise<string> {
  const authority = new URL(env.AZURE_AUTHORITY_HOST || 'https://login.microsoftonline.com/')
  if (authority.protocol !== 'https:' && !LOOPBACK.includes(authority.hostname))
    throw new LaunchError('GS_LAUNCH_IDENTITY_FAILED', 'AZURE_AUTHORITY_HOST is not https')
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: env.AZURE_CLIENT_ID ?? '',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion,
    scope: audience.endsWith('/.default') ? audience : `${audience}/.default`,
  })
  const url = new URL(`/${encodeURIComponent(env.AZURE_TENANT_ID ?? '')}/oauth2/v2.0/token`, authority)
  return askForField('access_token', { who: 'Entra ID', url, method: 'POST', headers: { accept: 'application/json' }, body, signal })
}

/** Azure DevOps: an OIDC token of the job, for Entra's audience; the service connection goes into its subject where one is named. */
export async function mintAtAzureDevops({ env, signal }: Minting): Promise<string> {
  const url = new URL(env.SYSTEM_OIDCREQUESTURI ?? 'missing:')
  url.searchParams.set('api-version', '7.1')
  const connection = env.AZURESUBSCRIPTION_SERVICE_CONNECTION_ID
  if (connection) url.searchParams.set('serviceConnectionId', connection)
  const headers = { authorization: `Bearer ${env.SYSTEM_ACCESSTOKEN}`, accept: 'application/json', 'content-type': 'application/json' }
  return askForField('oidcToken', { who: 'Azure DevOps', url, method: 'POST', headers, signal })
}

/** A managed identity: of App Service, Container Apps or Functions by its endpoint, of a virtual machine by the instance metadata service. */
export async function mintAtManagedIdentity({ env, audience, signal }: Minting): Promise<string> {
  const who = 'The managed identity'
  const { IDENTITY_ENDPOINT: endpoint, IDENTITY_HEADER: header, AZURE_CLIENT_ID: client } = env
  const isService = Boolean(endpoint && header)
  const url = new URL(isService ? (endpoint as string) : 'http://169.254.169.254/metadata/identity/oauth2/token')
  url.searchParams.set('api-version', isService ? '2019-08-01' : '2018-02-01')
  url.searchParams.set('resource', audience)
  if (client) url.searchParams.set('client_id', client)
  const headers: Record<string, string> = isService ? { 'x-identity-header': header as string } : { metadata: 'true' }
  return askForField('access_token', { who, url, headers, signal })
}
