// Package guards has the rules of the example, and finds the policies that they hold in
// front of services: each service has one circuit breaker and one bulkhead.
package guards

import (
	"strings"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/rules/config"
	"github.com/afloat-go/afloat/interceptors/rules/config/protooptions"
)

// Service is a service that is called under rules.
type Service struct {
	// Name is what it is called.
	Name string
	// Methods is how its methods begin, as in "/shop.v1.UserService/".
	Methods string
}

// Find returns the policy of type P in front of a service. There is none before the
// service has been called, and none in nil rules.
func Find[P policy.Policy](rules *rules.Rules, s Service) (found P, ok bool) {
	if rules == nil {
		return found, false
	}
	for l := range rules.Live() {
		if p, is := l.Policy.(P); is && strings.HasPrefix(l.Name, s.Methods) {
			return p, true
		}
	}
	return found, false
}

// Rules returns what a rules file and the options of the .proto files say. The file
// has precedence.
func Rules(file string, opts ...config.Option) (*config.Set, error) {
	return config.New(append([]config.Option{config.WithFile(file), protooptions.WithRules()}, opts...)...)
}
