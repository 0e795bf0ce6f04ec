import { z } from 'zod'
import { parseVkey } from '../../tlog/index.ts'
import { complaint, retention } from './values.ts'

const LOOPBACK = ['127.0.0.1', '[::1]', 'localhost']

const url = z
  .string()
  .refine(isWitnessUrl, {
    error: complaint(
      'This must be the https address of a witness, without user, query or fragment; http only on this machine.',
      'Write for example https://witness.second-team.example.',
    ),
  })
  .meta({ description: 'Where the witness is asked', examples: ['https://witness.second-team.example'] })

const key = z
  .string()
  .refine(isWitnessKey, {
    error: complaint(
      'This must be the verifier key of a witness: name, key id and an Ed25519 key of type 4, joined by plus signs.',
      'Write what its operator sees with: gatescribe witness show.',
    ),
  })
  .meta({ description: 'Verifier key of the witness, c2sp.org/tlog-cosignature' })

const witnesses = z
  .strictObject({
    need: z
      .int({ error: complaint('This must be a whole number.', 'Write how many of the witnesses must cosign, for example 1.') })
      .min(1, { error: complaint('At least one witness must be needed.', 'Write 1, or leave witnesses out.') })
      .meta({ description: 'How many of them must cosign a checkpoint' }),
    of: z
      .array(z.strictObject({ url, key }), { error: complaint('This must be a list.', 'Write one entry { url, key } per witness.') })
      .min(1, { error: complaint('This list is empty.', 'Name at least one witness, or leave witnesses out.') })
      .max(32, { error: complaint('A checkpoint has no room for more than 32 witnesses.', 'Name fewer.') })
      .refine((all) => new Set(all.map((witness) => witness.key)).size === all.length, {
        error: complaint('The same witness stands here twice.', 'Keep one of the two.'),
      }),
  })
  .refine(({ need, of }) => need <= of.length, {
    error: complaint('More witnesses are needed than there are.', 'Lower need, or name more witnesses.'),
  })
  .meta({ description: 'Who holds the log to its word' })

const retain = z
  .strictObject({
    entries: retention.optional().meta({ description: 'How long entries are kept; for ever by default. Their hashes stay' }),
    payloads: retention.optional().meta({ description: 'How long payloads are kept; as long as their entries by default' }),
    recordings: retention.optional().meta({ description: 'How long recordings are kept; as long as other payloads by default' }),
  })
  .meta({ description: 'How long the trail is kept' })

export const trail = z
  .strictObject({ retain: retain.optional(), witnesses: witnesses.optional() })
  .meta({ description: 'The trail: how long it is kept, and who witnesses it' })

function isWitnessUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, hostname, username, password, search, hash } = new URL(text)
  const safe = protocol === 'https:' || (protocol === 'http:' && LOOPBACK.includes(hostname))
  return safe && username === '' && password === '' && search === '' && hash === ''
}

function isWitnessKey(text: string): boolean {
  try {
    return parseVkey(text).kind === 'cosignature'
  } catch {
    return false
  }
}
