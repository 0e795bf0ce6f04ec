/** Samples of everybody, taken in turns, so that what else the machine does meets all of them. */
export async function inRounds<Contender, Sample>(
  contenders: readonly Contender[],
  rounds: number,
  sample: (contender: Contender) => Promise<Sample>,
): Promise<ReadonlyMap<Contender, readonly Sample[]>> {
  const samples = new Map<Contender, Sample[]>(contenders.map((contender) => [contender, []]))
  for (let round = 0; round < rounds; round += 1) {
    // Each round begins with another one, so that nobody always comes after the same neighbour.
    for (let turn = 0; turn < contenders.length; turn += 1) {
      const contender = contenders[(round + turn) % contenders.length]!
      samples.get(contender)!.push(await sample(contender))
    }
  }
  return samples
}
