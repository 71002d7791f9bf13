package dashboard

import (
	"google.golang.org/grpc"

	dashboardv1 "github.com/afloat-go/afloat/examples/dashboard/proto/dashboard/v1"
	"github.com/afloat-go/afloat/interceptors/fanout"
)

type (
	request = dashboardv1.GetDashboardRequest
	page    = dashboardv1.GetDashboardResponse
)

// newPlan says how a page is made. Without the user there is none; any other part
// may be missing, and in place of recommendations a page shows what everybody
// likes.
func newPlan(connections map[string]grpc.ClientConnInterface) (*fanout.Plan[*request, *page], error) {
	metrics := dashboardv1.NewMetricsServiceClient(connections[Metrics])
	alerts := dashboardv1.NewAlertsServiceClient(connections[Alerts])
	products := dashboardv1.NewRecommendationsServiceClient(connections[Recommendations])
	return fanout.NewPlanWith(
		fanout.Config{Name: "GetDashboard", MaxDuration: Deadline},
		fanout.Required(Path(Users), fromUsers(connections[Users]),
			func(p *page, u *dashboardv1.User) { p.User = u }),
		fanout.Optional(Path(Metrics), fanout.RPC(metrics.ListSeries, seriesOf),
			func(p *page, r *dashboardv1.ListSeriesResponse) { p.Series = r.GetSeries() }),
		fanout.Optional(Path(Alerts), fanout.RPC(alerts.ListAlerts, alertsOf),
			func(p *page, r *dashboardv1.ListAlertsResponse) { p.Alerts = r.GetAlerts() }),
		fanout.Optional(Path(Activity), fromActivity(connections[Activity]),
			func(p *page, e []*dashboardv1.Entry) { p.Activity = e }),
		fanout.Optional(Path(Recommendations), fanout.RPC(products.ListRecommendations, productsOf),
			func(p *page, r *dashboardv1.ListRecommendationsResponse) { p.Products = r.GetProducts() }).
			Default(popular),
	)
}

// popular is what everybody likes. It is at hand: a fallback that can fail is
// one more thing that does when it is needed.
func popular(*request) *dashboardv1.ListRecommendationsResponse {
	return &dashboardv1.ListRecommendationsResponse{Products: []*dashboardv1.Product{
		{Id: "popular-1", Name: "Notebook"}, {Id: "popular-2", Name: "Mug"},
	}}
}
