import type { Config } from '../config/index.ts'
import type { BearerPlane } from '../identity/index.ts'
import { type HttpResource, isBehindHttps, type JobVariables, type ModelApi, type Run } from '../operations/index.ts'
import type { InForce } from './in-force.ts'

/** Where the https door is, as clients name it. */
export interface HttpsAddress {
  readonly host: string
  readonly port: number
}

/** A resource behind the https door, and what its clients call it. */
export interface Reachable {
  readonly name: string
  readonly url: string
  /** Of a model: what its API speaks like. */
  readonly api?: ModelApi
  /** Under which variables a job finds it. */
  readonly env?: JobVariables
}

/** The planes behind the https door, and what a run may open there. */
export interface HttpSurface extends HttpsAddress {
  /** Those that some rule could permit the run something on, now; in the order of the configuration. */
  reachable(run: Run, plane: BearerPlane): readonly Reachable[]
  urlOf(resource: HttpResource): string
  /** Where spans are taken. */
  readonly otlp: string
}

/** The gateway's own path for spans, on every name of its own. */
export const OTLP = '/otlp'

/** Planes beside PostgreSQL that there is something to reach on. */
export function bearerPlanes({ gateway: { listen }, resources }: Config): readonly BearerPlane[] {
  const behind = listen.https ? resources.filter(isBehindHttps).map(({ kind }) => kind) : []
  return [...new Set<BearerPlane>(behind), ...(listen.proxy ? (['proxy'] as const) : [])]
}

export function httpSurface(inForce: InForce, { host, port }: HttpsAddress): HttpSurface {
  const all = () => inForce.taken.resources.all.filter(isBehindHttps)
  const authority = `${host.includes(':') ? `[${host}]` : host}${port === 443 ? '' : `:${port}`}`
  const urlOf = ({ name }: HttpResource) => `https://${authority}/r/${name}`
  return {
    host,
    port,
    reachable: (run, plane) => {
      const { policy } = inForce.taken
      const open = all().filter(
        (resource) => resource.kind === plane && policy.mayOpen({ principal: run.principal, run, resource }, Date.now()),
      )
      return open.map((resource) => ({
        ...{ name: resource.name, url: urlOf(resource) },
        ...('api' in resource && { api: resource.api }),
        ...(resource.env && { env: resource.env }),
      }))
    },
    urlOf,
    otlp: `https://${authority}${OTLP}`,
  }
}
