import { z } from 'zod'

/** The language of schemas.ts for looking at what a resource holds. Counts and names, never a value. */

/** PostgreSQL's names have 63 bytes; one of the configuration may be longer. */
const name = z.string().min(1).max(256)

/** Body of `POST /v1/resources/:name/scan`. */
export const scanRequestSchema = z.strictObject({
  /** The target's own names; those of the configuration where none is given. */
  databases: z.array(name).min(1).max(100).optional(),
  /** All but the system's where none is given. */
  schemas: z.array(name).max(100).default([]),
  /** Rows of each table. */
  rows: z.int().min(1).max(5000).default(500),
  /** Whether views, materialized views and foreign tables are looked at too. */
  views: z.boolean().default(false),
  /** Whether the configured analyzer is shown values, too. */
  analyzer: z.boolean().default(false),
})

const countsSchema = z.record(z.string(), z.int())

const skippedSchema = z.object({
  database: z.string(),
  /** `schema.relation` */
  relation: z.string(),
  why: z.enum(['not permitted', 'took too long', 'locked', 'refused', 'too many columns', 'too many relations']),
  columns: z.int(),
  sqlstate: z.string().optional(),
})

export const scanReportSchema = z.object({
  resource: z.string(),
  databases: z.array(z.string()),
  /** What was looked at. */
  relations: z.int(),
  columns: z.int(),
  rows: z.int(),
  /** Detector, entity of the analyzer, or name: columns. */
  found: countsSchema,
  /** What a person may put into the configuration. */
  masks: z.array(
    z.object({
      name: z.string(),
      as: z.enum(['partial', 'redact']),
      columns: z.array(
        z.object({
          /** `database.schema.relation.column` */
          column: z.string(),
          /** Values that were looked at: neither NULL nor empty. */
          values: z.int(),
          /** Detector, or entity of the analyzer: values. */
          found: countsSchema,
          /** Values that the analyzer answered about; entities are counted among these. */
          analyzed: z.int().optional(),
          /** What its name says that it holds. */
          hint: z.string().optional(),
          /** Little was found, or only the name speaks for it. */
          doubtful: z.boolean(),
        }),
      ),
    }),
  ),
  /** What was not looked at; the first thousand, and how many there are. */
  skipped: z.array(skippedSchema),
  skippedRelations: z.int(),
  /** Where the analyzer was to be asked. */
  analyzer: z
    .object({
      /** Values that it was shown, or was about to be when the scan ended. */
      shown: z.int(),
      /** Columns of which values went without an answer; the first thousand, and how many there are. */
      unanswered: z.array(z.object({ column: z.string(), values: z.int(), why: z.string() })),
      unansweredColumns: z.int(),
    })
    .optional(),
  /** Index of the entry that says what was found. */
  entry: z.int(),
})

/** The answer to a scan is lines: how far it is, then the report. */
export const scanSchema = z.union([
  z.object({
    database: z.string(),
    done: z.int(),
    of: z.int(),
    /** What was looked at last. */
    relation: z.string().optional(),
    rows: z.int().optional(),
    /** Columns of it in which something was found, or whose name speaks. */
    columns: z.int().optional(),
    skipped: z.string().optional(),
  }),
  z.object({ report: scanReportSchema }),
])

export type ScanRequest = z.input<typeof scanRequestSchema>
export type ScanAsked = z.output<typeof scanRequestSchema> & { readonly resource: string }
export type ScanLine = z.output<typeof scanSchema>
export type ScanReport = z.output<typeof scanReportSchema>
