package dashboard

import (
	"github.com/afloat-go/afloat/examples/dashboard/circuits"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// Circuits returns the circuits that rules hold, in the order of [Services]. There
// are none before the first call, and none in nil rules.
func Circuits(rules *policy.Rules) []circuits.Circuit {
	return circuits.Of(rules, []circuits.Service{
		{Name: Users, Methods: "/dashboard.v1.UserService/"},
		{Name: Metrics, Methods: "/dashboard.v1.MetricsService/"},
		{Name: Alerts, Methods: "/dashboard.v1.AlertsService/"},
		{Name: Activity, Methods: "/dashboard.v1.ActivityService/"},
		{Name: Recommendations, Methods: "/dashboard.v1.RecommendationsService/"},
		{Name: History, Methods: "/dashboard.v1.HistoryService/"},
	})
}
