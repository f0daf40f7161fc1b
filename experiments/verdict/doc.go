// Package verdict judges the claim of a suite by the suite's rules and the data
// of a run. It depends only on a run in memory, so equal data give equal
// verdicts. It draws nothing and measures nothing.
//
// Trials that do not count are left out. A pair is two cells, or two metrics or
// phases of one cell. Each block (one pass over all cells) gives one value for
// a pair, so drift between blocks cancels. The effect of a pair is estimated by
// stats.Effect, and its interval decides:
//
//	            ratio claimed below x (above x: mirrored)       gain claimed above x
//	confirmed     the interval lies below x                       it lies above x
//	contradicted  it lies above 1, and above x                    it lies below 0
//	equivalent    it lies within the suite's margin of 1          -
//	smaller       it lies at x or above                           it lies at x or below
//	undecided     anything else, or fewer than 6 blocks
//
// The first that holds is the outcome. A ratio claimed to differ by more than d
// is confirmed outside [1/(1+d), 1+d] and equivalent within; one claimed to be
// within d is confirmed within and contradicted outside. The verdict on a ratio
// is the mirror of that on its reciprocal.
//
// Intervals are at 95 %, so that each side errs in 2.5 %. Where one pair of k
// decides for all, the level is 1 - 0.05/k: confirmation with each = "any",
// contradiction with each = "all". With each = "all" every pair must be
// confirmed, with "any" one.
//
// Trends and crossings use series: the pairs that differ only in the rule's
// axis, in the order of its numbers. Each series counts like a pair above.
//
//   - trend: the distance |log(ratio / towards)| of each block and level.
//     Confirmed if the test of Jonckheere and Terpstra finds that it falls
//     (one-sided, p < 0.05, corrected after Holm over the series) and it ends
//     smaller than it began; contradicted if the test finds that it rises, or if
//     it rises from one level to the next with separate intervals.
//   - crossing, below 1: confirmed if the first level's interval lies below 1 and
//     the last one's above; contradicted if all intervals lie on one side of 1,
//     or the first lies above and the last below; equivalent if all lie within
//     the margin. Above 1: mirrored. The place is interpolated linearly in the
//     logarithm of the ratio.
//   - ranking: compares the values of an axis in pairs, in each combination of the
//     other axes. Two values differ if the interval of their ratio, at 1 - 0.05/k
//     for k comparisons, excludes 1. Confirmed if two values differ in opposite
//     directions in two combinations; contradicted if every two values that
//     differ in one combination differ in all, in the same direction.
//
// The verdict is contradicted if a rule is, otherwise undecided or not testable
// if a rule is, and otherwise what all rules are. If some are confirmed and
// others equivalent or smaller, the claim holds in a part only, and it is
// smaller than claimed. On a machine with fewer CPUs than the claim needs it is
// not testable. An undecided rule has a forecast of the blocks that would
// decide it.
package verdict
