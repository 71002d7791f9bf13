package draw

// Group is bars that stand together.
type Group struct {
	// Title is what they tell of.
	Title string
	// Bars are drawn from the top down.
	Bars []Bar
}

// Bar is one figure.
type Bar struct {
	// Label says whose figure it is, and Text what it is.
	Label, Text string
	// Length is the figure, not negative.
	Length float64
	// Goal is what the figure is to be at most, zero if nothing is promised of it.
	Goal float64
	// Own tells the bar from those of others by its colour.
	Own bool
}

// The measures of a chart of bars.
const (
	labelWidth, barsWidth, textWidth   = 250.0, 360.0, 150.0
	barHeight, titleHeight, headHeight = 18.0, 28.0, 36.0
)

// Bars draws groups of bars, all to one scale; the longest bar fills the width.
func Bars(title string, groups []Group) []byte {
	longest, height := 0.0, headHeight+8
	for _, g := range groups {
		height += titleHeight + barHeight*float64(len(g.Bars))
		for _, b := range g.Bars {
			longest = max(longest, b.Length, b.Goal)
		}
	}
	c := New(int(labelWidth+barsWidth+textWidth), int(height), title)
	y := headHeight
	for _, g := range groups {
		c.Text(12, y+titleHeight-10, "start", g.Title)
		y += titleHeight
		for _, b := range g.Bars {
			c.bar(y, b, longest)
			y += barHeight
		}
	}
	return c.End()
}

// bar draws one, whose top is at y.
func (c *Canvas) bar(y float64, b Bar, longest float64) {
	width := func(figure float64) float64 {
		if longest <= 0 {
			return 0
		}
		return barsWidth * figure / longest
	}
	colour := "#56b4e9"
	if b.Own {
		colour = "#0072b2"
	}
	c.Text(labelWidth-8, y+13, "end", b.Label)
	c.Box(labelWidth, y+2, width(b.Length), barHeight-4, colour)
	if b.Goal > 0 {
		c.Line(labelWidth+width(b.Goal), y, labelWidth+width(b.Goal), y+barHeight, "#d55e00")
	}
	c.Text(labelWidth+max(width(b.Length), width(b.Goal))+6, y+13, "start", b.Text)
}
