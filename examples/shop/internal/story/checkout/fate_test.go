package checkout

import (
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/degrade"
)

func TestFates(t *testing.T) {
	t.Parallel()
	why := []degrade.Reason{degrade.ReasonCircuitOpen}
	missing := degrade.Marker{Path: "payment_id", State: degrade.Missing, Reason: degrade.ReasonCircuitOpen}
	with := func(change func(m *degrade.Marker)) degrade.Report {
		m := missing
		change(&m)
		return degrade.NewReport(m)
	}
	for _, c := range []struct {
		name    string
		payment string
		report  degrade.Report
		code    codes.Code
		fate    fate
		says    string // the error, empty if there must be none
	}{
		{"paid", "payment-1", degrade.NewReport(), codes.OK, paid, ""},
		{"waits", "", degrade.NewReport(missing), codes.OK, waiting, ""},
		{"sold out", "", degrade.Report{}, codes.FailedPrecondition, givenBack, ""},
		{"not reserved", "", degrade.Report{}, codes.Aborted, givenBack, ""},
		{"no place", "", degrade.Report{}, codes.ResourceExhausted, refused, ""},
		{"nobody knows", "", degrade.Report{}, codes.Unavailable, unclear, "Unavailable"},
		{"nothing said", "payment-1", degrade.Report{}, codes.OK, unclear, "says nothing"},
		{"complete without a payment", "", degrade.NewReport(), codes.OK, unclear, "says that it is complete"},
		{"paid, and marked", "payment-1", degrade.NewReport(missing), codes.OK, unclear, `"payment-1" says that "payment_id" is missing`},
		{"two markers", "", degrade.Union(degrade.NewReport(missing), degrade.NewReport(degrade.Marker{Path: "x", State: degrade.Missing})), codes.OK, unclear, "says that"},
		{"another field", "", with(func(m *degrade.Marker) { m.Path = "" }), codes.OK, unclear, `"" is missing`},
		{"another state", "", with(func(m *degrade.Marker) { m.State = degrade.Stale }), codes.OK, unclear, "is stale"},
		{"another reason", "", with(func(m *degrade.Marker) { m.Reason = degrade.ReasonTimeout }), codes.OK, unclear, "(timeout)"},
		{"not for clients", "", with(func(m *degrade.Marker) { m.Source.Name = "payments" }), codes.OK, unclear, "says that"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			is, err := fateOf(answer{payment: c.payment, report: c.report}, status.Error(c.code, c.code.String()), why)
			if is != c.fate || (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("fate = %v, %v; want %v, %q", is, err, c.fate, c.says)
			}
		})
	}
}

func TestBooksSayWhatCustomersWereTold(t *testing.T) {
	t.Parallel()
	const price = 100
	all := map[string]account{
		"nothing": {},
		"bought":  {charged: 1, cents: price, kept: true},
		"charged": {charged: 1, cents: price},
		"undone":  {charged: 1, givenBack: 1},
		"twice":   {charged: 2, cents: 2 * price, kept: true},
		"cheap":   {charged: 1, cents: price - 1, kept: true},
		"free":    {kept: true},
		"robbed":  {charged: 1, givenBack: 1, kept: true},
		"gift":    {charged: 1, givenBack: 2, cents: -price},
	}
	for is, right := range map[fate]string{
		paid: "bought", waiting: "nothing bought charged", givenBack: "undone", refused: "nothing", unclear: "nothing bought undone",
	} {
		for name, a := range all {
			want := strings.Contains(" "+right+" ", " "+name+" ")
			sum := books{"a": a}.of([]*order{{id: "a", cents: price, fate: is}})
			if (sum.wrong == 0) != want || (sum.firstWrong == nil) != want {
				t.Errorf("%v, and the books say %s: wrong %d, %v; want right: %v", is, name, sum.wrong, sum.firstWrong, want)
			}
		}
	}
	sum := books(all).of([]*order{{id: "bought", cents: price, fate: paid}, {id: "undone", fate: givenBack}, {id: "unknown", fate: refused}})
	if got := sum.String(); got != "2 charged, 1 given back, 1 pieces kept" || sum.wrong != 0 {
		t.Errorf("books = %s, %d wrong: %v", got, sum.wrong, sum.firstWrong)
	}
}
