// Package measure runs ways of making a call in turns, in every round in another
// order, so that a machine that is busy for a while is busy for all of them. It
// compares what was measured in the same round, and reports the median of that over
// the rounds. A way that is measured twice shows the noise.
//
// CPU time comes from the operating system, so the package is for Unix.
package measure
