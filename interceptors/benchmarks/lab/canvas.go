package main

import (
	"bytes"
	"fmt"
	"html"
)

// canvas is a drawing in SVG. Coordinates are in pixels, and whole or rounded to tenths,
// so that each machine writes the same.
type canvas struct{ out bytes.Buffer }

// The colours of text and lines.
const (
	ink   = "#333333"
	faint = "#cccccc"
	shade = "#f6dcd5"
)

// colours tell systems apart, also to the colour-blind.
func colours() []string {
	return []string{"#d55e00", "#e69f00", "#8c564b", "#b07aa1", "#0072b2", "#56b4e9", "#009e73", "#000000", "#999999"}
}

// newCanvas begins a drawing.
func newCanvas(width, height int, title string) *canvas {
	c := new(canvas)
	fmt.Fprintf(&c.out, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`+"\n",
		width, height, width, height)
	fmt.Fprintf(&c.out, "<title>%s</title>\n", html.EscapeString(title))
	c.box(0, 0, float64(width), float64(height), "#ffffff")
	c.text(12, 22, "start", title)
	return c
}

// end ends the drawing and returns it.
func (c *canvas) end() []byte {
	c.out.WriteString("</svg>\n")
	return c.out.Bytes()
}

// text writes a text, which begins, has its middle or ends at x.
func (c *canvas) text(x, y float64, anchor, s string) {
	fmt.Fprintf(&c.out, `<text x="%.1f" y="%.1f" text-anchor="%s" fill="%s">%s</text>`+"\n", x, y, anchor, ink, html.EscapeString(s))
}

// box draws a filled box.
func (c *canvas) box(x, y, width, height float64, fill string) {
	fmt.Fprintf(&c.out, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"/>`+"\n", x, y, width, height, fill)
}

// line draws a line.
func (c *canvas) line(x1, y1, x2, y2 float64, colour string) {
	fmt.Fprintf(&c.out, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s"/>`+"\n", x1, y1, x2, y2, colour)
}

// point is one of a curve.
type point struct{ x, y float64 }

// curve draws a line through points.
func (c *canvas) curve(points []point, colour string) {
	fmt.Fprintf(&c.out, `<polyline fill="none" stroke="%s" stroke-width="2" points="%s"/>`+"\n", colour, coordinates(points))
}

// area fills what the points go around.
func (c *canvas) area(points []point, colour string) {
	fmt.Fprintf(&c.out, `<polygon fill="%s" points="%s"/>`+"\n", colour, coordinates(points))
}

func coordinates(points []point) string {
	var out bytes.Buffer
	for i, p := range points {
		if i > 0 {
			out.WriteByte(' ')
		}
		fmt.Fprintf(&out, "%.1f,%.1f", p.x, p.y)
	}
	return out.String()
}
