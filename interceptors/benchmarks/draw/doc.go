// Package draw draws charts in SVG, for the docs: by lines, boxes and texts, each machine
// the same bytes.
package draw
