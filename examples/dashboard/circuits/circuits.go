// Package circuits shows the circuit breakers that rules hold, for display: by the
// services they guard, which have one each.
package circuits

import (
	"fmt"
	"strings"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// Service is a service that is called under rules.
type Service struct {
	// Name is what it is called.
	Name string
	// Methods is how its methods begin, as in "/dashboard.v1.UserService/".
	Methods string
}

// Circuit is the breaker of one service at one moment.
type Circuit struct {
	// Service is what the service is called.
	Service string
	// State is what the breaker does. It stays open until a call comes after its time.
	State breaker.State
}

// Of returns the circuits that rules hold, in the order of the services. There are
// none for services that have not been called yet, and none in nil rules.
func Of(rules *policy.Rules, services []Service) []Circuit {
	if rules == nil {
		return nil
	}
	var found []Circuit
	for _, s := range services {
		if state, ok := stateOf(rules, s.Methods); ok {
			found = append(found, Circuit{Service: s.Name, State: state})
		}
	}
	return found
}

// stateOf is the state of the breaker of methods that begin so.
func stateOf(rules *policy.Rules, methods string) (breaker.State, bool) {
	for key, chain := range rules.All() {
		if !strings.HasPrefix(key.Name, methods) {
			continue
		}
		for _, p := range chain.Policies() {
			if b, ok := p.(*breaker.Breaker); ok {
				return b.State(), true
			}
		}
	}
	return 0, false
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
