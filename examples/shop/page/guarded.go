package page

import "github.com/afloat-go/afloat/examples/shop/guards"

// Guarded returns the services that the dashboard calls under its rules, in the order
// of [Services].
func Guarded() []guards.Service {
	return []guards.Service{
		{Name: Users, Methods: "/shop.v1.UserService/"},
		{Name: Metrics, Methods: "/shop.v1.MetricsService/"},
		{Name: Alerts, Methods: "/shop.v1.AlertsService/"},
		{Name: Activity, Methods: "/shop.v1.ActivityService/"},
		{Name: Recommendations, Methods: "/shop.v1.RecommendationsService/"},
		{Name: History, Methods: "/shop.v1.HistoryService/"},
	}
}
