import { z } from 'zod'
import { complaint } from '../values.ts'
import { httpResource } from './http.ts'
import { kubernetesResource } from './kubernetes.ts'
import { postgresResource } from './postgres.ts'

export const resource = z.discriminatedUnion('kind', [postgresResource, kubernetesResource, httpResource], {
  error: (issue) =>
    issue.code === 'invalid_union'
      ? complaint('This must be postgres, kubernetes or http.', 'Write for example kind: postgres.')
      : undefined,
})
