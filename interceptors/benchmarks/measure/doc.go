// Package measure runs ways of making a call in turns, so that a machine that
// is busy for a while is busy for all of them, and reports medians.
//
// CPU time comes from the operating system, so the package is for Unix.
package measure
