package draw_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/afloat-go/afloat/interceptors/benchmarks/draw"
)

// read fails the test if a drawing is no XML.
func read(t *testing.T, drawing []byte) {
	t.Helper()
	for d := xml.NewDecoder(bytes.NewReader(drawing)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("%v\n%s", err, drawing)
		}
	}
}

func TestDrawingsAreXML(t *testing.T) {
	t.Parallel()
	c := draw.New(100, 100, "a < b & c")
	c.Curve([]draw.Point{{X: 1, Y: 2}, {X: 3, Y: 4}}, draw.Ink)
	c.Area([]draw.Point{{X: 1, Y: 2}, {X: 3, Y: 4}, {X: 5, Y: 0}}, draw.Ink)
	c.Line(0, 0, 1, 1, draw.Ink)
	c.Text(1, 1, "end", `"quoted" <text>`)
	c.Slanted(1, 1, "a & b")
	read(t, c.End())
}

// The longest bar, or goal, fills the width, and the others have their share of it.
func TestBarsAreToScale(t *testing.T) {
	t.Parallel()
	drawn := draw.Bars("<title>", []draw.Group{
		{Title: "one", Bars: []draw.Bar{{Label: "a", Length: 5, Text: "5 ns"}, {Label: "b", Length: 2.5, Own: true}}},
		{Title: "two", Bars: []draw.Bar{{Label: "c", Goal: 10}}},
	})
	read(t, drawn)
	for _, want := range []string{`width="180.0"`, `width="90.0"`, `x1="610.0"`, ">5 ns<", ">one<", ">two<"} {
		if !strings.Contains(string(drawn), want) {
			t.Errorf("%s is missing in\n%s", want, drawn)
		}
	}
}

func TestNoBars(t *testing.T) {
	t.Parallel()
	read(t, draw.Bars("nothing", nil))
	read(t, draw.Bars("zeros", []draw.Group{{Title: "z", Bars: []draw.Bar{{Label: "z"}}}}))
}
