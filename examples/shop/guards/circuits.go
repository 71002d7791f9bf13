package guards

import (
	"fmt"
	"strings"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// Circuit is the breaker of one service at one moment.
type Circuit struct {
	// Service is what the service is called.
	Service string
	// State is what the breaker does. It stays open until a call comes after its time.
	State breaker.State
}

// Circuits returns the circuits that rules hold, in the order of the services. There
// are none for services that have not been called yet, and none in nil rules.
func Circuits(rules *rules.Rules, services []Service) []Circuit {
	var found []Circuit
	for _, s := range services {
		if b, ok := Find[*breaker.Breaker](rules, s); ok {
			found = append(found, Circuit{Service: s.Name, State: b.State()})
		}
	}
	return found
}

// Summary lists those that are not closed, as in "users open; the others closed".
func Summary(all []Circuit) string {
	var states []string
	for _, c := range all {
		if c.State != breaker.Closed {
			states = append(states, fmt.Sprintf("%s %v", c.Service, c.State))
		}
	}
	switch {
	case len(all) == 0:
		return "none: the guard is off"
	case len(states) == 0:
		return "all closed"
	case len(states) == len(all):
		return strings.Join(states, ", ")
	default:
		return strings.Join(states, ", ") + "; the others closed"
	}
}
