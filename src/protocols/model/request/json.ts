import type { Json } from '../../../operations/index.ts'

export type JsonObject = { readonly [name: string]: Json }

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** @returns undefined where it is none, or empty */
export const stringOf = (value: Json | undefined): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)

/** A whole number from 0. @returns undefined where it is none */
export const countOf = (value: Json | undefined): number | undefined =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined

/** The elements of a list; none where it is no list. */
export const listOf = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? (value as readonly Json[]) : [])
