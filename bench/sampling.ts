/** How figures are taken: in turns, so that a slow moment of the machine meets all sides alike. */

/** The middle of some numbers. Throws a `RangeError` when there are none. */
export function median(numbers: readonly number[]): number {
  return percentile(numbers, 0.5);
}

/** Linear between the two nearest. `at`: 0 to 1. Throws a `RangeError` when there are no numbers. */
export function percentile(numbers: readonly number[], at: number): number {
  const sorted = Float64Array.from(numbers).sort();
  const place = (sorted.length - 1) * at;
  const below = sorted[Math.floor(place)];
  const above = sorted[Math.ceil(place)];
  if (below === undefined || above === undefined) throw new RangeError('a percentile of nothing');
  return below + (above - below) * (place % 1);
}

/**
 * Measures every side once per round, each round beginning with another side, after one round that is
 * thrown away. The result has one number per round and side.
 */
export async function interleave<S extends string>(
  rounds: number,
  sides: Readonly<Record<S, () => Promise<number>>>,
): Promise<Readonly<Record<S, readonly number[]>>> {
  // The keys of a record are its key type.
  const names = Object.keys(sides) as S[];
  // Filled for every name, here.
  const taken = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<S, number[]>;
  for (const name of names) await sides[name]();
  for (let round = 0; round < rounds; round += 1) {
    const first = round % names.length;
    for (const name of [...names.slice(first), ...names.slice(0, first)]) {
      taken[name].push(await sides[name]());
    }
  }
  return taken;
}

/** The middle of the rounds' own ratios. */
export function medianRatio(above: readonly number[], below: readonly number[]): number {
  return median(above.map((number, round) => number / (below[round] ?? Number.NaN)));
}
