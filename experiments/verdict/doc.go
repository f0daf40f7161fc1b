// Package verdict judges what a suite claims by the rules that the suite states
// and the data of a run: confirmed, refuted or undecided, with the reason and
// the numbers in sentences. It reads a run that is in memory and nothing else;
// equal data give equal verdicts. It draws nothing and measures nothing.
//
// Trials that do not count are left out. A pair is two cells, or two metrics or
// phases of one; a block (one pass over all cells) gives one value of it, so
// that what drifts from block to block cancels. Its interval is of the median
// over blocks, at 95 %; its p-value is Mann-Whitney's of the two cells' values,
// corrected after Holm over all pairs of the rule. A pair supports the claim,
// contradicts it, or is open. An interval of fewer blocks than reach 95 % (6)
// leaves it open, whatever it is.
//
//   - ratio, below x: supports if the interval lies below x and, where x is 1,
//     p < 0.05; contradicts if it lies at x or above. Above x: mirrored. Differs
//     by d: supports if the interval lies outside [1/(1+d), 1+d], or excludes 1
//     with its centre outside and p < 0.05; contradicts if it lies within.
//   - gain, above x: supports if the interval lies above x, contradicts if it lies
//     at x or below.
//   - each = "all": confirmed if every pair supports, refuted if any contradicts.
//     each = "any": confirmed if any supports, refuted if all contradict. Otherwise
//     undecided, and so is a rule without pairs.
//
// Trends and crossings look at series: the pairs that differ in the rule's axis
// alone, in the order of its numbers. Each series counts as a pair does above.
//
//   - trend: the distance |log(ratio / towards)| of each block and level. Supports
//     if the test of Jonckheere and Terpstra finds it falling (one-sided, p < 0.05,
//     corrected after Holm over the series) and it ends below where it began;
//     contradicts if the test finds it rising, or if it rises from a level to the
//     next with intervals apart.
//   - crossing, below 1: supports if the first level's interval lies below 1 and
//     the last one's above; contradicts if all intervals lie on one side of 1, all
//     lie within 5 % of it, or the first lies above and the last below. Above 1:
//     mirrored. Where it crosses is interpolated between levels, the logarithm of
//     the ratio being a straight line there.
//   - ranking: the values of an axis, by pairs, in each combination of the others.
//     Two values differ if p < 0.05 and the interval of their ratio excludes 1.
//     Confirmed if two values differ in two combinations in opposite directions;
//     refuted if every two values that differ in any do so in all, and alike.
//
// The whole is refuted if any rule is, confirmed if all are, else undecided. It
// is undecided whatever the data say on a machine of fewer CPUs than the claim
// is about.
package verdict
