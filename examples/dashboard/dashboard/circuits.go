package dashboard

import (
	dashboardv1 "github.com/afloat-go/afloat/examples/dashboard/proto/dashboard/v1"
	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// Circuit is the breaker of one method at one moment, for display.
type Circuit struct {
	// Service is what the method's service is called.
	Service string
	// Method is its full name.
	Method string
	// State is what the breaker does.
	State breaker.State
}

// Circuits returns the circuits that rules hold, in the order of [Services]. There
// are none before the first call, and none in nil rules.
func Circuits(rules *policy.Rules) []Circuit {
	if rules == nil {
		return nil
	}
	states := map[string]breaker.State{}
	for key, chain := range rules.All() {
		for _, p := range chain.Policies() {
			if b, ok := p.(*breaker.Breaker); ok {
				states[key.Name] = b.State()
			}
		}
	}
	var circuits []Circuit
	for _, service := range Services() {
		method := methods()[service]
		if state, ok := states[method]; ok {
			circuits = append(circuits, Circuit{Service: service, Method: method, State: state})
		}
	}
	return circuits
}

// methods returns the method that is called of each service.
func methods() map[string]string {
	return map[string]string{
		Users:           dashboardv1.UserService_GetUser_FullMethodName,
		Metrics:         dashboardv1.MetricsService_ListSeries_FullMethodName,
		Alerts:          dashboardv1.AlertsService_ListAlerts_FullMethodName,
		Activity:        dashboardv1.ActivityService_TailActivity_FullMethodName,
		Recommendations: dashboardv1.RecommendationsService_ListRecommendations_FullMethodName,
		History:         dashboardv1.HistoryService_ListViewed_FullMethodName,
	}
}
