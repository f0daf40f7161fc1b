// Package verdict judges the claim of a suite by the suite's rules and the data
// of a run. The verdict is confirmed, refuted or undecided, with the reason and
// the numbers in sentences. It depends only on a run in memory, so equal data
// give equal verdicts. The package draws nothing and measures nothing.
//
// Trials that do not count are left out. A pair is two cells, or two metrics or
// phases of one cell. Each block (one pass over all cells) gives one value for
// a pair, so drift between blocks cancels. The interval of a pair is that of
// the median over blocks, at 95 %. Its p-value is Mann-Whitney's for the two
// cells' values, corrected after Holm over all pairs of the rule. A pair
// supports the claim, contradicts it, or is open. It is always open if there
// are too few blocks for 95 % (fewer than 6).
//
//   - ratio, below x: supports if the interval lies below x and, where x is 1,
//     p < 0.05; contradicts if it lies at x or above. Above x: mirrored. Differs
//     by d: supports if the interval lies outside [1/(1+d), 1+d], or excludes 1
//     with its centre outside and p < 0.05; contradicts if it lies within.
//   - gain, above x: supports if the interval lies above x, contradicts if it
//     lies at x or below.
//   - each = "all": confirmed if every pair supports, refuted if any contradicts.
//     each = "any": confirmed if any supports, refuted if all contradict. Otherwise
//     undecided, and so is a rule without pairs.
//
// Trends and crossings use series: the pairs that differ only in the rule's
// axis, in the order of its numbers. Each series counts like a pair above.
//
//   - trend: the distance |log(ratio / towards)| of each block and level. Supports
//     if the test of Jonckheere and Terpstra finds that it falls (one-sided,
//     p < 0.05, corrected after Holm over the series) and it ends smaller than it
//     began; contradicts if the test finds that it rises, or if it rises from one
//     level to the next with separate intervals.
//   - crossing, below 1: supports if the first level's interval lies below 1 and
//     the last one's above; contradicts if all intervals lie on one side of 1, all
//     lie within 5 % of it, or the first lies above and the last below. Above 1:
//     mirrored. The place is interpolated linearly in the logarithm of the ratio.
//   - ranking: compares the values of an axis in pairs, in each combination of the
//     other axes. Two values differ if p < 0.05 and the interval of their ratio
//     excludes 1. Confirmed if two values differ in opposite directions in two
//     combinations; refuted if every two values that differ in one combination
//     differ in all, in the same direction.
//
// The verdict is refuted if any rule is, confirmed if all are, and otherwise
// undecided. It is always undecided on a machine with fewer CPUs than the claim
// needs.
package verdict
