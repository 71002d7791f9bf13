package rules_test

import (
	"context"
	"errors"

	"github.com/afloat-go/afloat/interceptors/policy"
)

const method = "/shop.Catalog/Get"

var errPlain = errors.New("plain")

// unregistered is call as a server has it that nobody registered its method with.
func unregistered(call policy.Call) policy.Call {
	call.Unregistered = true
	return call
}

// handing is a policy that hands out one permit.
type handing struct{ permit policy.Permit }

func (h handing) Acquire(context.Context, *policy.Call) (policy.Permit, error) { return h.permit, nil }
