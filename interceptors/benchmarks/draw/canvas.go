package draw

import (
	"bytes"
	"fmt"
	"html"
)

// Canvas is a drawing in SVG. Coordinates are in pixels, from the top left, and written to
// tenths, so that each machine writes the same. It is not safe for concurrent use. Make one
// with [New].
type Canvas struct{ out bytes.Buffer }

// The colours of text, of lines that help to read, and of what is marked.
const (
	Ink   = "#333333"
	Faint = "#cccccc"
	Shade = "#f6dcd5"
)

// Colours returns those that tell systems apart, also to the colour-blind.
func Colours() []string {
	return []string{"#d55e00", "#e69f00", "#8c564b", "#b07aa1", "#0072b2", "#56b4e9", "#009e73", "#000000", "#999999"}
}

// New begins a drawing of a size, with a title at its top.
func New(width, height int, title string) *Canvas {
	c := new(Canvas)
	fmt.Fprintf(&c.out, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`+"\n",
		width, height, width, height)
	fmt.Fprintf(&c.out, "<title>%s</title>\n", html.EscapeString(title))
	c.Box(0, 0, float64(width), float64(height), "#ffffff")
	c.Text(12, 22, "start", title)
	return c
}

// End ends the drawing and returns it.
func (c *Canvas) End() []byte {
	c.out.WriteString("</svg>\n")
	return c.out.Bytes()
}

// Text writes a text, whose "start", "middle" or "end" is at x and whose foot is at y.
func (c *Canvas) Text(x, y float64, anchor, s string) {
	fmt.Fprintf(&c.out, `<text x="%.1f" y="%.1f" text-anchor="%s" fill="%s">%s</text>`+"\n", x, y, anchor, Ink, html.EscapeString(s))
}

// Slanted writes a text that begins at a place and rises from there.
func (c *Canvas) Slanted(x, y float64, s string) {
	fmt.Fprintf(&c.out, `<text transform="translate(%.1f %.1f) rotate(-40)" fill="%s">%s</text>`+"\n", x, y, Ink, html.EscapeString(s))
}

// Box draws a filled box.
func (c *Canvas) Box(x, y, width, height float64, fill string) {
	fmt.Fprintf(&c.out, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"/>`+"\n", x, y, width, height, fill)
}

// Line draws a line.
func (c *Canvas) Line(x1, y1, x2, y2 float64, colour string) {
	fmt.Fprintf(&c.out, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s"/>`+"\n", x1, y1, x2, y2, colour)
}

// Point is one of a curve.
type Point struct{ X, Y float64 }

// Curve draws a line through points.
func (c *Canvas) Curve(points []Point, colour string) {
	fmt.Fprintf(&c.out, `<polyline fill="none" stroke="%s" stroke-width="2" points="%s"/>`+"\n", colour, coordinates(points))
}

// Area fills what the points go around.
func (c *Canvas) Area(points []Point, colour string) {
	fmt.Fprintf(&c.out, `<polygon fill="%s" points="%s"/>`+"\n", colour, coordinates(points))
}

// coordinates returns the points as SVG writes them.
func coordinates(points []Point) string {
	var out bytes.Buffer
	for i, p := range points {
		if i > 0 {
			out.WriteByte(' ')
		}
		fmt.Fprintf(&out, "%.1f,%.1f", p.X, p.Y)
	}
	return out.String()
}
