package live

import (
	"fmt"

	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/examples/shop/page"
	shopv1 "github.com/afloat-go/afloat/examples/shop/proto/shop/v1"
	"github.com/afloat-go/afloat/interceptors/degrade"
)

// fewLines is how much of a part is shown.
const fewLines = 3

// pageOf returns what a client makes of the page that it got: each part, and what its
// marker says.
func pageOf(v *visit) Page {
	switch {
	case v == nil:
		return Page{Parts: []Part{}}
	case v.err != nil:
		return Page{Parts: []Part{}, Error: status.Convert(v.err).Message()}
	}
	p, report := v.home.GetDashboard(), degrade.FromResponse(v.home)
	shown := Page{User: p.GetUser().GetDisplayName(), Team: p.GetUser().GetTeam()}
	lines := map[string][]string{
		page.Users:           {fmt.Sprintf("%s, %s", p.GetUser().GetDisplayName(), p.GetUser().GetTeam())},
		page.Metrics:         some(p.GetSeries(), series),
		page.Alerts:          some(p.GetAlerts(), (*shopv1.Alert).GetTitle),
		page.Activity:        some(p.GetActivity(), entry),
		page.Recommendations: some(p.GetProducts(), (*shopv1.Product).GetName),
	}
	for _, name := range page.Parts() {
		shown.Parts = append(shown.Parts, partOf(name, lines[name], report))
	}
	return shown
}

// partOf returns a part and what the report says of it.
func partOf(name string, lines []string, report degrade.Report) Part {
	part := Part{Name: name, Lines: lines}
	for m := range report.Within(degrade.Join("dashboard", page.Path(name))).Markers() {
		part.State, part.Reason, part.Age = m.State.String(), m.Reason.String(), m.Age.Seconds()
	}
	return part
}

// some shows the first few of a part.
func some[M any](all []M, show func(M) string) []string {
	lines := []string{}
	for _, m := range all[:min(fewLines, len(all))] {
		lines = append(lines, show(m))
	}
	return lines
}

// series shows the last point of a series.
func series(s *shopv1.Series) string {
	points := s.GetPoints()
	if len(points) == 0 {
		return s.GetName()
	}
	return fmt.Sprintf("%s %.1f %s", s.GetName(), points[len(points)-1].GetValue(), s.GetUnit())
}

// entry shows what a user did.
func entry(e *shopv1.Entry) string { return e.GetAction() + " " + e.GetObject() }
