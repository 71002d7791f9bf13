package main

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"time"

	"github.com/afloat-go/afloat/interceptors/benchmarks/draw"
	"github.com/afloat-go/afloat/internal/lab"
)

// chartRate is that of the charts, in calls a second.
const chartRate = 400

// drawCharts draws all charts.
func drawCharts(b book) ([]file, error) {
	outage, err := drawTimes("outage-fails-20s", "Calls sent, in % of those that come: an outage of 20 s at 400 calls a second", sentShare)
	if err != nil {
		return nil, err
	}
	replica, err := drawTimes("replica-hangs-1-of-3", "Good answers, in % of calls: one of three replicas hangs, 400 calls a second", goodShare)
	if err != nil {
		return nil, err
	}
	return []file{
		{path.Join(charts, "partial.svg"), drawPartial(b)},
		{path.Join(charts, "outage.svg"), outage},
		{path.Join(charts, "replica.svg"), replica},
		{path.Join(charts, "lost.svg"), drawMap(b, "Good answers lost, in % of those possible: at 400 calls a second, or as many as the world has", lostShare, func(lab.Sample) float64 { return 0 })},
		{path.Join(charts, "vain.svg"), drawMap(b, "Calls in vain, sent and failed, in % of all: at 400 calls a second, or as many as the world has", vainShare, badShare)},
	}, nil
}

// drawPartial draws what is kept, by the share of calls that fail.
func drawPartial(b book) []byte {
	const left, top, width, height = 50.0, 45.0, 470.0, 260.0
	c := draw.New(760, 350, "Good answers given, in % of those possible, by the share of calls that fail (400 calls a second)")
	for y := 0; y <= 100; y += 25 {
		at := top + height*float64(100-y)/100
		c.Line(left, at, left+width, at, draw.Faint)
		c.Text(left-6, at+4, "end", strconv.Itoa(y))
	}
	shares := []int{5, 30, 40, 50, 60, 80}
	x := func(share int) float64 { return left + width*float64(share)/80 }
	for _, share := range shares {
		c.Text(x(share), top+height+18, "middle", fmt.Sprintf("%d %%", share))
	}
	w := worldOf("fails-5")
	for i, s := range systemsIn(&w) {
		var points []draw.Point
		for _, share := range shares {
			kept := b.of(fmt.Sprintf("fails-%d", share), s.Name, chartRate).Lowest(kept).Median
			points = append(points, draw.Point{X: x(share), Y: top + height*(100-kept)/100})
		}
		c.Curve(points, draw.Colours()[i])
		y := top + 14 + 20*float64(i)
		c.Box(left+width+18, y-9, 14, 10, draw.Colours()[i])
		c.Text(left+width+38, y, "start", s.Name)
	}
	return c.End()
}

func sentShare(m lab.Moment) float64 { return percentOf(m.Sent, m.Calls) }

func goodShare(m lab.Moment) float64 { return percentOf(m.Good, m.Calls) }

// drawTimes draws one run of a world, a strip for each system.
func drawTimes(world, title string, of func(lab.Moment) float64) ([]byte, error) {
	const left, width, strip, gap = 190.0, 540.0, 36.0, 12.0
	w := worldOf(world)
	systems := append(systemsIn(&w), lab.None())
	c := draw.New(760, 60+int(strip+gap)*len(systems), title)
	for i, s := range systems {
		view := &lab.View{Step: 500 * time.Millisecond}
		if _, err := lab.Run(&w, s, chartRate, 1, view); err != nil {
			return nil, err
		}
		from := int((view.Fault.From - 5*time.Second) / view.Step)
		to := min(len(view.Moments), int((view.Fault.From+50*time.Second)/view.Step))
		y := 40 + (strip+gap)*float64(i)
		x := func(at float64) float64 { return left + width*(at-float64(from))/float64(to-from) }
		fault := lab.Span{From: view.Fault.From / view.Step, To: min(view.Fault.To/view.Step, time.Duration(to))}
		c.Box(x(float64(fault.From)), y, x(float64(fault.To))-x(float64(fault.From)), strip, draw.Shade)
		points := []draw.Point{{X: x(float64(from)), Y: y + strip}}
		for k := from; k < to; k++ {
			level := y + strip*(100-of(view.Moments[k]))/100
			points = append(points, draw.Point{X: x(float64(k)), Y: level}, draw.Point{X: x(float64(k + 1)), Y: level})
		}
		c.Area(append(points, draw.Point{X: x(float64(to)), Y: y + strip}), "#0072b2")
		c.Line(left, y+strip, left+width, y+strip, draw.Faint)
		c.Text(left-10, y+strip/2+4, "end", s.Name)
	}
	return c.End(), nil
}

// cell is a figure of a system in a world.
type cell func(s lab.Sample) float64

// lostShare returns how many of the possible good answers are lost, in percent.
func lostShare(s lab.Sample) float64 {
	return percentOf(lostIn(s), s.Total(func(r *lab.Result) int { return r.Possible }))
}

// vainShare returns how many of all calls are sent and fail, in percent.
func vainShare(s lab.Sample) float64 {
	return percentOf(s.Total(func(r *lab.Result) int { return r.InVain }), s.Total(calls))
}

// badShare returns the same without a guard.
func badShare(s lab.Sample) float64 {
	return percentOf(s.Total(func(r *lab.Result) int { return r.Bad }), s.Total(calls))
}

// drawMap draws a figure of each system in each world, as a table of colours, and that of
// none.
func drawMap(b book, title string, of, none cell) []byte {
	const left, top, cellWidth, cellHeight = 190.0, 150.0, 62.0, 20.0
	worlds := slices.DeleteFunc(lab.Worlds(), func(w lab.World) bool { return isLearning(&w) })
	systems := systemsIn(&worlds[0])
	c := draw.New(900, int(top)+20+int(cellHeight)*len(worlds), title)
	for i, s := range append(systems, lab.None()) {
		x := left + cellWidth*(float64(i)+0.5)
		c.Slanted(x, top-8, s.Name)
	}
	for k := range worlds {
		w := &worlds[k]
		y := top + cellHeight*float64(k)
		c.Text(left-8, y+14, "end", w.Name)
		figures := make([]float64, 0, len(systems)+1)
		for _, s := range systems {
			figures = append(figures, of(b.of(w.Name, s.Name, closerRate(w))))
		}
		for i, figure := range append(figures, none(b.of(w.Name, nameAfloat, closerRate(w)))) {
			x := left + cellWidth*float64(i)
			c.Box(x+1, y+1, cellWidth-2, cellHeight-2, heat(figure))
			c.Text(x+cellWidth/2, y+14, "middle", tenths(figure))
		}
	}
	return c.End()
}

// heat returns the colour of a figure of which more is worse: the redder, the more.
func heat(figure float64) string {
	switch {
	case figure < 1:
		return "#d9f0d3"
	case figure < 5:
		return "#fff3c4"
	case figure < 20:
		return "#fdd49e"
	case figure < 50:
		return "#fc8d59"
	default:
		return "#ef6548"
	}
}
