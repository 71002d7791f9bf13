package checkout

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/afloat-go/afloat/examples/shop/orders"
	shopv1 "github.com/afloat-go/afloat/examples/shop/proto/shop/v1"
	"github.com/afloat-go/afloat/examples/shop/system"
)

// onDisk is how many orders the service keeps, by what there is to do for them.
type onDisk map[shopv1.Step]int

// readQueue reads what the service keeps now.
func readQueue(sys *system.System) (onDisk, error) {
	kept, err := sys.Orders().Queue().Kept()
	d := onDisk{}
	for _, k := range kept {
		d[k.GetStep()]++
	}
	return d, err
}

// settle waits until the service has settled all that it keeps, for as long as the
// slowest of disks may need.
func settle(ctx context.Context, sys *system.System) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	ticker := time.NewTicker(orders.DrainEvery)
	defer ticker.Stop()
	for ctx.Err() == nil {
		if d, err := readQueue(sys); err != nil || d.sum() == 0 {
			return err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
		}
	}
	return nil
}

// sum returns how many orders there are in all.
func (d onDisk) sum() int {
	all := 0
	for _, n := range d {
		all += n
	}
	return all
}

// String returns the counts, as in "3 to charge for, 1 to put back".
func (d onDisk) String() string {
	if d.sum() == 0 {
		return "none"
	}
	var said []string
	for _, step := range []struct {
		name string
		n    int
	}{
		{"to charge for", d[shopv1.Step_STEP_FULFIL]},
		{"to refund", d[shopv1.Step_STEP_REFUND] + d[shopv1.Step_STEP_UNDO]},
		{"to put back", d[shopv1.Step_STEP_RELEASE]},
	} {
		if step.n > 0 {
			said = append(said, fmt.Sprintf("%d %s", step.n, step.name))
		}
	}
	return strings.Join(said, ", ")
}
