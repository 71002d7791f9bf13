// Package custom is a policy that afloat does not have, made outside of its module: a
// quota, which lets through so many calls in each period. It has what afloat's own
// policies have. A rules file configures it, and changes its configuration while it
// works; it is in the snapshot, and its numbers are metrics. The row [Quotas] is all that
// this takes; the test shows it.
package custom
