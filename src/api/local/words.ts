import { z } from 'zod'

/** One line of somebody's own words. @param most characters */
export const words = (most: number) =>
  z
    .string()
    .min(1)
    .max(most)
    .regex(/^[^\p{Cc}]+$/u, 'one line')
