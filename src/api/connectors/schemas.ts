import { z } from 'zod'
import { NAME_SHAPE } from '../../connector/index.ts'

const base64url = (bytes: number) =>
  z
    .string()
    .regex(/^[A-Za-z0-9_-]+$/)
    .max(bytes * 2)

/** Body of `POST /v1/enrol`. */
export const enrolSchema = z
  .strictObject({
    name: z.string().regex(NAME_SHAPE).optional(),
    publicKey: base64url(128),
    proof: base64url(128),
    token: z.string().min(1).max(256).optional(),
    workloadToken: z.string().min(1).max(16_384).optional(),
  })
  .refine(({ token, workloadToken }) => (token === undefined) !== (workloadToken === undefined), 'one of token and workloadToken')
