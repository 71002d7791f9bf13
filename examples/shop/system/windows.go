package system

import (
	"context"
	"slices"
	"time"

	"github.com/afloat-go/afloat/examples/shop/orders"
	shopv1 "github.com/afloat-go/afloat/examples/shop/proto/shop/v1"
	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/timeout"
)

// Glance is how long somebody looks at a shop window, which has to say by then what is to
// be had.
const Glance = 500 * time.Millisecond

// startWindows connects the shop windows to the inventory. Each of them is a client of its
// own, so that no place and no circuit counts their calls together: they have a time, and
// the file says what they matter.
func (s *System) startWindows(ctx context.Context) error {
	p := &process{cfg: s.cfg}
	s.onStop(p.stop)
	observed, err := p.cfg.Observe.Service(ctx, "windows")
	if err != nil {
		return err
	}
	set, err := startRules(ctx, p, observed, rules.Rule{
		Match: "/" + shopv1.InventoryService_ServiceDesc.ServiceName + "/*", Sides: []policy.Side{policy.Client},
		Policies: []rules.Template{timeout.Each(timeout.Config{Max: Glance})},
	})
	if err != nil {
		return err
	}
	opts := observed.DialOptions()
	if p.cfg.Guarded {
		opts = slices.Concat(opts, interceptors.DialOptions(set.Rules()))
	}
	cc, err := p.connect(s.Backend(orders.Inventory).lis, opts...)
	if err != nil {
		return err
	}
	s.windows = shopv1.NewInventoryServiceClient(cc)
	return nil
}
