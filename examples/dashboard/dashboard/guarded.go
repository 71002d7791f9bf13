package dashboard

import "github.com/afloat-go/afloat/examples/dashboard/guards"

// Guarded returns the services that the dashboard calls under its rules, in the order
// of [Services].
func Guarded() []guards.Service {
	return []guards.Service{
		{Name: Users, Methods: "/dashboard.v1.UserService/"},
		{Name: Metrics, Methods: "/dashboard.v1.MetricsService/"},
		{Name: Alerts, Methods: "/dashboard.v1.AlertsService/"},
		{Name: Activity, Methods: "/dashboard.v1.ActivityService/"},
		{Name: Recommendations, Methods: "/dashboard.v1.RecommendationsService/"},
		{Name: History, Methods: "/dashboard.v1.HistoryService/"},
	}
}
