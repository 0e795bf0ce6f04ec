import type { AmbientSurroundings } from './ambient-identity.ts'
import { asJwt, ask } from './ask.ts'

/** Whether this is a service that has Google's metadata server: Cloud Run, its jobs, App Engine, Cloud Functions, or one that is named. */
export function isOnGoogleCloud(env: AmbientSurroundings['env']): boolean {
  return ['GCE_METADATA_HOST', 'K_SERVICE', 'CLOUD_RUN_JOB', 'GAE_SERVICE', 'FUNCTION_TARGET'].some((name) => Boolean(env[name]))
}

/**
 * An identity token of the attached service account, made for the audience (Compute Engine, Cloud Run, Cloud Build with a service account
 * of yours, GKE with Workload Identity).
 */
export async function mintAtGoogle({ env, audience, signal }: Pick<AmbientSurroundings, 'env' | 'audience' | 'signal'>): Promise<string> {
  const who = "Google's metadata server"
  const host = env.GCE_METADATA_HOST || 'metadata.google.internal'
  const url = new URL(`http://${host}/computeMetadata/v1/instance/service-accounts/default/identity`)
  url.searchParams.set('audience', audience)
  url.searchParams.set('format', 'full')
  return asJwt(await ask({ who, url, headers: { 'metadata-flavor': 'Google' }, signal }), who)
}
