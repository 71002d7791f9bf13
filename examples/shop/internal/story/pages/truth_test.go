package pages

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/afloat-go/afloat/examples/shop/page"
	shopv1 "github.com/afloat-go/afloat/examples/shop/proto/shop/v1"
	"github.com/afloat-go/afloat/interceptors/degrade"
)

// known returns the truth about two users: ann has everything but alerts, and has looked
// at something; new has not.
func known() truth {
	page := &shopv1.GetDashboardResponse{
		User:     &shopv1.User{Id: "ann"},
		Series:   []*shopv1.Series{{Name: "load"}},
		Activity: []*shopv1.Entry{{Action: "deployed"}},
		Products: []*shopv1.Product{{Id: "product-001"}},
	}
	return truth{
		"ann": {page: page, viewed: []*shopv1.Product{{Id: "product-002"}}},
		"new": {page: page},
	}
}

// answer returns the page of a user, with changes, and with what it says of its parts.
func answer(change func(*shopv1.GetDashboardResponse), said ...degrade.Marker) *home {
	h := &home{Dashboard: proto.CloneOf(known()["ann"].page)}
	if change != nil {
		change(h.GetDashboard())
	}
	degrade.SetResponse(h, degrade.NewReport(said...))
	return h
}

func mark(path string, s degrade.State, r degrade.Reason) degrade.Marker {
	return degrade.Marker{Path: path, State: s, Reason: r}
}

func showing(products ...*shopv1.Product) func(*shopv1.GetDashboardResponse) {
	return func(p *shopv1.GetDashboardResponse) { p.Products = products }
}

func without(p *shopv1.GetDashboardResponse) { p.Series = nil }

func TestPagesAreHeldAgainstTheTruth(t *testing.T) {
	t.Parallel()
	const (
		products = "dashboard.products"
		timeout  = degrade.ReasonTimeout
	)
	viewed := showing(known()["ann"].viewed...)
	popular := showing(page.Popular()...)
	hanging := onEveryPage(page.Recommendations, degrade.Substituted)
	hanging.why = []degrade.Reason{timeout}
	noSeries := onMostPages(page.Metrics, degrade.Missing)
	noSeries.why = []degrade.Reason{timeout}
	oldUser := onEveryPage(page.Users, degrade.Stale)
	oldUser.why = []degrade.Reason{timeout}
	for _, c := range []struct {
		name  string
		user  string
		home  *home
		s     suffering
		wrong string // part of the error, empty if there must be none
	}{
		{"all is well", "ann", answer(nil), suffering{}, ""},
		{"stand-ins", "ann", answer(viewed, mark(products, degrade.Substituted, timeout)), hanging, ""},
		{"stand-ins for a new user", "new", answer(popular, mark(products, degrade.Defaulted, timeout)), hanging, ""},
		{"a part is missing", "ann", answer(without, mark("dashboard.series", degrade.Missing, timeout)), noSeries, ""},
		{"the part came all the same", "ann", answer(nil), noSeries, ""},
		{"an old copy", "ann", answer(nil, mark("dashboard.user", degrade.Stale, timeout)), oldUser, ""},

		{"nothing said", "ann", &home{Dashboard: known()["ann"].page}, suffering{}, "says nothing"},
		{"missing, and not said", "ann", answer(without), suffering{}, "does not hold what it says"},
		{"said to be missing, and there", "ann", answer(nil, mark("dashboard.series", degrade.Missing, timeout)), noSeries, "does not hold what it says"},
		{"stand-ins not said", "ann", answer(viewed), suffering{}, "does not hold what it says"},
		{"stand-ins said to be something else", "ann", answer(popular, mark(products, degrade.Substituted, timeout)), hanging, "does not hold what it says"},
		{"nothing at all in place of products", "ann", answer(showing(), mark(products, degrade.Substituted, timeout)), hanging, "does not hold what it says"},
		{"a worse stand-in than need be", "ann", answer(popular, mark(products, degrade.Defaulted, timeout)), hanging, products + " is defaulted (timeout)"},
		{"products of another user", "new", answer(viewed, mark(products, degrade.Substituted, timeout)), hanging, products + " is substituted (timeout)"},
		{"another reason", "ann", answer(viewed, mark(products, degrade.Substituted, degrade.ReasonShed)), hanging, products + " is substituted (shed)"},
		{"not marked, though it must be", "ann", answer(nil), hanging, products + " is intact"},
		{"another part is marked", "ann", answer(without, mark("dashboard.series", degrade.Missing, timeout)), suffering{}, "dashboard.series is missing (timeout)"},
		{"another part is marked as well", "ann", answer(without, mark("dashboard.series", degrade.Missing, timeout), mark("dashboard.alerts", degrade.Missing, timeout)), noSeries, "dashboard.alerts is missing"},
		{"the user is missing", "ann", answer(func(p *shopv1.GetDashboardResponse) { p.User = nil }, mark("dashboard.user", degrade.Missing, timeout)), oldUser, "dashboard.user is missing"},
		{"another user's copy", "ann", answer(func(p *shopv1.GetDashboardResponse) { p.User.Id = "bob" }, mark("dashboard.user", degrade.Stale, timeout)), oldUser, "does not hold what it says"},
		{"a field that is no part", "ann", answer(viewed, mark("dashboard", degrade.Partial, timeout)), hanging, `"dashboard" is partial, which is not for clients`},
		{"an element of a part", "ann", answer(nil, mark("dashboard.series[*]", degrade.Missing, timeout)), noSeries, `"dashboard.series[*]" is missing`},
		{"the whole answer", "ann", answer(nil, mark("", degrade.Partial, timeout)), suffering{}, `"" is partial`},
		{"which service failed", "ann", answer(viewed, degrade.Marker{
			Path: products, State: degrade.Substituted, Reason: timeout, Source: degrade.Source{Name: "products"},
		}), hanging, "not for clients"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := known().judge(c.user, c.home, c.s)
			if (err == nil) != (c.wrong == "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
				t.Errorf("error = %v; want one that says %q", err, c.wrong)
			}
		})
	}
}
