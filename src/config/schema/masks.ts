import { z } from 'zod'
import { FIELD_SELECTORS, objectFields } from '../../operations/index.ts'
import { notEmpty, on, who } from './selectors.ts'
import { complaint, duration, flag, group, name, secret, several, url } from './values.ts'

const part = '[^.\\p{Cc}]{1,63}'
const notAColumn = complaint(
  'This must be a column as database.schema.relation.column, the database as the target calls it; * is every column.',
  'Write for example orders.public.customers.email.',
)
const column = z
  .string({ error: notAColumn })
  .regex(new RegExp(`^${part}(\\.${part}){3,}$`, 'u'), { error: notAColumn })
  .meta({ description: 'A column, as database.schema.relation.column', examples: ['orders.public.customers.email'] })

const selectors = Object.keys(FIELD_SELECTORS).join(', ')
const notAField = complaint(
  `This must be one of ${selectors}, or a field as resource.group:path, without the group where it is the core.`,
  'Write for example widgets.example.com:spec.token, deployments.apps:spec.template.metadata.annotations.* or secrets:data["tls.key"].',
)
const field = z
  .string({ error: notAField })
  .max(1000, { error: notAField })
  .refine((text) => objectFields(text) !== undefined, { error: notAField })
  .meta({ description: `A field of objects of Kubernetes, as resource.group:path, or ${selectors}`, examples: ['secrets'] })

const notFixed = complaint(
  'This must be at most 200 printable characters of ASCII: it has to be a text in every encoding.',
  'Write for example fixed: hidden.',
)
const notAnOperator = complaint(
  'This must be redact, null, partial, hash, or { fixed: … }.',
  'Write for example as: redact; docs/masks.md says what each does to which type.',
)
const operator = z.union(
  [
    z.enum(['redact', 'null', 'partial', 'hash']),
    // What `null` is in YAML without quotes.
    z.null(),
    z.strictObject({ fixed: z.string({ error: notFixed }).regex(/^[\x20-\x7e]{0,200}$/, { error: notFixed }) }),
  ],
  { error: notAnOperator },
)

const notADetector = complaint(
  'This must be the name of a detector, or presidio/ and an entity as Presidio calls it, in capitals.',
  'Write for example card, or presidio/PERSON.',
)
const detector = z
  .string({ error: notADetector })
  .regex(/^([a-z0-9][a-z0-9._-]{0,62}|presidio\/[A-Z][A-Z0-9_]{0,63})$/, { error: notADetector })
  .meta({ description: 'A detector', examples: ['card', 'presidio/PERSON'] })

const notADirection = complaint('This must be a list of prompt, answer, or both.', 'Write directions: [prompt], or leave it out.')

export const mask = z
  .strictObject({
    name,
    who: who.optional().meta({ description: 'For whom it holds; left out: for everybody' }),
    except: z
      .strictObject(
        { groups: several(group, 'okta/fraud') },
        { error: complaint('This must name groups.', 'Write for example except: { groups: [okta/fraud] }.') },
      )
      .optional()
      .meta({ description: 'Who sees what it covers all the same' }),
    on: on.optional().meta({ description: 'Where it holds; left out: on every resource' }),
    columns: several(column, 'orders.public.customers.email').optional().meta({ description: 'Columns that it covers' }),
    fields: several(field, 'secrets, environment')
      .max(100, { error: complaint('These are too many.', 'Name at most 100, or write another mask.') })
      .optional()
      .meta({ description: 'Fields of objects of Kubernetes that it covers' }),
    detect: several(detector, 'card').optional().meta({
      description:
        'Detectors whose finds it covers wherever no column or field does: built-in ones, patterns of masking, or what masking.analyzer finds, as presidio/PERSON',
    }),
    directions: z
      .array(z.enum(['prompt', 'answer'], { error: notADirection }), { error: notADirection })
      .min(1, { error: notADirection })
      .optional()
      .meta({ description: 'At models: whether detectors look at what is sent (prompt), at what comes back (answer); default both' }),
    binary: z
      .enum(['pass', 'refuse'], { error: complaint('This must be pass or refuse.', 'Write refuse to keep images and files from models.') })
      .optional()
      .meta({ description: 'At models: what becomes of images, sound and files in base64, which no detector reads; default pass' }),
    as: operator.meta({ description: 'What is shown instead' }),
    unmaskedWrite: flag.optional().meta({ description: 'Whether who does not see a column or field may write it; default false' }),
    predicates: flag.optional().meta({
      description: 'Whether a column or field may filter, join, order, group and test, by which its values can be told; default false',
    }),
  })
  .refine(({ columns, fields, detect, binary }) => [columns, fields, detect, binary].some((each) => each !== undefined), {
    error: complaint('This mask covers nothing.', 'Give it columns, fields, detect or binary.'),
  })
  .meta({ description: 'What is not shown, and what is shown instead' })

const notAnEntity = complaint('This must be an entity as Presidio calls it.', 'Write for example PERSON.')
const notALanguage = complaint('This must be a language of two letters, as ISO 639-1 has it.', 'Write for example en.')
const notAScore = complaint('This must be a number from 0 to 1.', 'Write for example 0.5.')

const analyzer = z
  .strictObject({
    url: url.meta({ description: "Base URL of Presidio's analyzer, without /analyze" }),
    insecureLoopback: flag.optional().meta({ description: 'Allows http to this machine; default false' }),
    language: z
      .string({ error: notALanguage })
      .regex(/^[a-z]{2}$/, { error: notALanguage })
      .optional()
      .meta({ description: 'What the texts are written in; default en' }),
    entities: several(z.string({ error: notAnEntity }).regex(/^[A-Z][A-Z0-9_]{0,63}$/, { error: notAnEntity }), 'PERSON, LOCATION')
      .max(50, { error: complaint('These are too many.', 'Name at most 50.') })
      .optional()
      .meta({ description: 'What a scan looks for; default PERSON and LOCATION' }),
    score: z
      .number({ error: notAScore })
      .min(0, { error: notAScore })
      .max(1, { error: notAScore })
      .optional()
      .meta({ description: 'Less certain finds do not count; default 0.5' }),
    deadline: duration
      .optional()
      .meta({ description: 'From a question to the end of its answer, of rows from all that is asked at once; default 5s' }),
    whenSilent: z
      .enum(['fail', 'pass'], { error: complaint('This must be fail or pass.', 'Write fail to end what gets no answer.') })
      .optional()
      .meta({
        description: 'Whether a scan, or a result that a mask asks about, ends where no answer comes, or goes on and says so; default fail',
      }),
  })
  .meta({ description: 'A service that gatescribe scan --analyzer and masks show values to, to find names and places' })

export const masking = z
  .strictObject({
    key: secret.optional().meta({ description: 'The key of the operator hash: 32 bytes as base64 or hex' }),
    patterns: z
      .array(
        z.strictObject({
          name,
          pattern: z.string({
            error: complaint('This must be a pattern in RE2 syntax.', 'Write it in quotes, for example "EMP-[0-9]{4}".'),
          }),
        }),
        { error: complaint('This must be a list.', 'Write one entry per pattern, each starting with "- name:".') },
      )
      .optional()
      .meta({ description: 'Detectors of your own' }),
    analyzer: analyzer.optional(),
  })
  .refine(notEmpty, { error: complaint('This says nothing.', 'Give key, patterns or analyzer, or leave it out.') })
  .meta({ description: 'What masks stand on' })
