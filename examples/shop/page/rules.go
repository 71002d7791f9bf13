package page

import (
	"time"

	"github.com/afloat-go/afloat/examples/shop/guards"
)

// What the rules say of the calls to the services, for who counts on it. See rules.yaml
// and the options of UserService.
const (
	// CallTimeout bounds each call, so that one that hangs ends before the page
	// is due.
	CallTimeout = 700 * time.Millisecond
	// SlowAfter is when a call for an optional part counts as slow, also while it
	// is in flight.
	SlowAfter = 250 * time.Millisecond
	// OpenFor is the longest time that an open circuit waits for its next probe,
	// MaxOpenFor the longest that a service may ask for.
	OpenFor    = time.Second
	MaxOpenFor = time.Second
)

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
