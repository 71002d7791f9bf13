package page

import "github.com/afloat-go/afloat/interceptors/degrade"

// The parts of a page, which are also the names of the services they come from.
const (
	Users           = "users"
	Metrics         = "metrics"
	Alerts          = "alerts"
	Activity        = "activity"
	Recommendations = "recommendations"
)

// History is the service that stands in for recommendations, with what users have
// looked at. It is neither that of recommendations nor that of activity, so that it
// shares the fate of no part of the page.
const History = "history"

// Services returns all services that a page is made of: one for each part, and what
// stands in.
func Services() []string { return append(Parts(), History) }

// Parts returns all parts of a page, in order.
func Parts() []string {
	return []string{Users, Metrics, Alerts, Activity, Recommendations}
}

// Path returns the field of the page that holds a part, as markers name it.
func Path(part string) string {
	switch part {
	case Users:
		return "user"
	case Metrics:
		return "series"
	case Recommendations:
		return "products"
	default:
		return part
	}
}

// Stands returns what a part may be when its service cannot be had, the best first:
// the user is an old copy or from the database, recommendations are what the user
// has looked at or what everybody likes, all else is missing.
func Stands(part string) []degrade.State {
	switch part {
	case Users:
		return []degrade.State{degrade.Stale, degrade.Substituted}
	case Recommendations:
		return []degrade.State{degrade.Substituted, degrade.Defaulted}
	default:
		return []degrade.State{degrade.Missing}
	}
}
