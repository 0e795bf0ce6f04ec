/** How the demo speaks: numbered steps, what is seen, and whether it is as told. Coloured only on a terminal. */
export interface Voice {
  step(sentence: string): void
  /** Output of a program, or a line of the trail. */
  seen(line: string): void
  /** @throws DemoError where it is not as told */
  check(asTold: boolean, sentence: string): void
  say(sentence: string): void
}

/** Something was not as the demo tells it. */
export class DemoError extends Error {
  override name = 'DemoError'
}

export function voice(out: NodeJS.WriteStream): Voice {
  const paint = (code: number, text: string) => (out.isTTY ? `\u001b[${code}m${text}\u001b[0m` : text)
  const line = (text: string) => void out.write(`${text}\n`)
  let steps = 0
  return {
    step(sentence) {
      steps += 1
      line(`\n${paint(1, `${steps}. ${sentence}`)}`)
    },
    // What a program or the trail says was written by others: nothing in it may reach the terminal as a command.
    seen: (text) => line(paint(36, `   | ${text.replace(/[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '·')}`)),
    check(asTold, sentence) {
      line(`   ${asTold ? paint(32, '✓') : paint(31, '✗')} ${sentence}`)
      if (!asTold) throw new DemoError(`not as told: ${sentence}`)
    },
    say: (sentence) => line(`   ${sentence}`),
  }
}
