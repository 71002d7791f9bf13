package page

import (
	"time"

	"google.golang.org/grpc"

	shopv1 "github.com/afloat-go/afloat/examples/shop/proto/shop/v1"
	"github.com/afloat-go/afloat/interceptors/fallback"
	"github.com/afloat-go/afloat/interceptors/fanout"
	"github.com/afloat-go/afloat/interceptors/rules/config/protooptions"
)

type (
	request = shopv1.GetDashboardRequest
	page    = shopv1.GetDashboardResponse
)

// newPlan makes the plan of a page. Without the user there is none; any other part may
// be missing, and in place of recommendations of the user's own a page shows what the
// user has looked at or, failing that, what everybody likes. The plan is checked against
// what the options of the page's fields say, and has their timeouts.
func newPlan(
	connections map[string]grpc.ClientConnInterface, observer fanout.Observer,
) (*fanout.Plan[*request, *page], error) {
	metrics := shopv1.NewMetricsServiceClient(connections[Metrics])
	alerts := shopv1.NewAlertsServiceClient(connections[Alerts])
	return fanout.NewPlanWith(
		fanout.Config{Name: "GetDashboard", MaxDuration: Deadline, Observer: observer, Declared: protooptions.Declared},
		fanout.Required(Path(Users), fromUsers(connections[Users]),
			func(p *page, u *shopv1.User) { p.User = u }),
		fanout.Optional(Path(Metrics), fanout.RPC(metrics.ListSeries, seriesOf),
			func(p *page, r *shopv1.ListSeriesResponse) { p.Series = r.GetSeries() }),
		fanout.Optional(Path(Alerts), fanout.RPC(alerts.ListAlerts, alertsOf),
			func(p *page, r *shopv1.ListAlertsResponse) { p.Alerts = r.GetAlerts() }),
		fanout.Optional(Path(Activity), fromActivity(connections[Activity]),
			func(p *page, e []*shopv1.Entry) { p.Activity = e }),
		fanout.Optional(Path(Recommendations), personal(connections[Recommendations]),
			func(p *page, products []*shopv1.Product) { p.Products = products }).
			Else(
				fallback.To("recently viewed", viewed(connections[History])).Timeout(ViewedTimeout),
				fallback.Default(func(*request) []*shopv1.Product { return Popular() }),
			),
	)
}

// How long a page waits for products of one kind before it shows those of the next.
// Together that is well within Deadline, so that there are always some. The first is
// an option of the field.
const (
	PersonalTimeout = 400 * time.Millisecond
	ViewedTimeout   = 200 * time.Millisecond
)

// Popular returns what everybody likes. It is at hand: a fallback that can fail is one
// more thing that does when it is needed.
func Popular() []*shopv1.Product {
	return []*shopv1.Product{{Id: "popular-1", Name: "Notebook"}, {Id: "popular-2", Name: "Mug"}}
}
