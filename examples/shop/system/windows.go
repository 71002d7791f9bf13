package system

import (
	"context"
	"net"
	"slices"
	"time"

	shopv1 "github.com/afloat-go/afloat/examples/shop/proto/shop/v1"
	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/timeout"
)

// Glance is how long somebody looks at a shop window, which has to say by then what is to
// be had.
const Glance = 500 * time.Millisecond

// startWindows connects the shop windows, a process of their own, to the inventory that
// listens on lis. Each window is a client of its own, so that no place and no circuit counts
// their calls together: they have a time, and the file says what they matter.
func startWindows(ctx context.Context, p *process, lis net.Listener) (shopv1.InventoryServiceClient, error) {
	observed, err := p.cfg.Observe.Service(ctx, "windows")
	if err != nil {
		return nil, err
	}
	set, err := startRules(ctx, p, observed, rules.Rule{
		Match: "/" + shopv1.InventoryService_ServiceDesc.ServiceName + "/*", Sides: []policy.Side{policy.Client},
		Policies: []rules.Template{timeout.Each(timeout.Config{Max: Glance})},
	})
	if err != nil {
		return nil, err
	}
	opts := observed.DialOptions()
	if p.cfg.Guarded {
		opts = slices.Concat(opts, interceptors.DialOptions(set.Rules()))
	}
	cc, err := p.connect(lis, opts...)
	if err != nil {
		return nil, err
	}
	return shopv1.NewInventoryServiceClient(cc), nil
}
