import type { TranscriptLine } from '../../api/local/index.ts'

/** A transcript as it is kept in a file: each event of a segment is a line of its own, behind the line of its segment. */
export async function* asJsonLines(lines: AsyncIterable<TranscriptLine>): AsyncGenerator<unknown> {
  for await (const line of lines) {
    if (!('segment' in line)) yield line
    else {
      const { events, ...segment } = line.segment
      yield { segment }
      yield* events
    }
  }
}
