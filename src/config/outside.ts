import type { ExportSettings } from '../exports/settings.ts'
import type { MetricsSettings } from '../metrics/settings.ts'
import type { ConnectorSettings } from './config.ts'
import { milliseconds } from './duration.ts'
import { present } from './present.ts'
import { reference } from './reference.ts'
import type { Document } from './schema/document.ts'

export function connectorSettings({ name, workload }: NonNullable<Document['connectors']>[number]): ConnectorSettings {
  return { name, ...(workload && { workload: present(workload) }) }
}

/** @param folder what relative paths start from */
export function metricsSettings({ token, otlp }: NonNullable<Document['metrics']> = {}, folder: string): MetricsSettings {
  return {
    ...(token !== undefined && { token: reference(token, folder) }),
    ...(otlp && {
      otlp: {
        url: otlp.url,
        every: milliseconds(otlp.every ?? '15s'),
        headers: headersOf(otlp.headers, folder),
        insecureLoopback: otlp.insecureLoopback ?? false,
      },
    }),
  }
}

/** @param folder what relative paths start from */
export function exportSettings(
  { name, kind, url, headers, ca, secret, filter, from, insecureLoopback }: NonNullable<Document['exports']>[number],
  folder: string,
): ExportSettings {
  return {
    ...{ name, kind, url, headers: headersOf(headers, folder), from: from ?? 'start', insecureLoopback: insecureLoopback ?? false },
    ...(ca !== undefined && { ca: reference(ca, folder) }),
    ...(secret !== undefined && { secret: reference(secret, folder) }),
    ...(filter && { filter: present(filter) }),
  }
}

const headersOf = (headers: Readonly<Record<string, string>> = {}, folder: string) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, reference(value, folder)]))
