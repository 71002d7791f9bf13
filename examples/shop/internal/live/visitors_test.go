package live

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afloat-go/afloat/examples/shop/system"
)

// refused returns how many calls of each class the inventory has refused.
func (s State) refused(t *testing.T) map[string]uint64 {
	t.Helper()
	c := s.service("inventory").Control
	if c == nil {
		t.Fatal("the inventory is under no control")
	}
	all := map[string]uint64{}
	for _, r := range c.Refused {
		all[r.Class] = r.Calls
	}
	return all
}

// A crowd is as many visitors as were asked for. What a narrow inventory cannot answer it
// refuses, the least critical calls first, and orders go on.
func TestCrowd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v := watch(t)
		if err := v.system.Backend("inventory").Become(system.Narrow); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		if s := v.look(); s.Visitors != (Visitors{Times: 1, Most: mostTimes}) || s.refused(t)["low"] > 0 {
			t.Errorf("with the usual visitors: %+v, refused %v", s.Visitors, s.refused(t))
		}
		if err := v.visitors.crowd(mostTimes); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		v.look() // the rate begins here
		time.Sleep(1990 * time.Millisecond)
		s := v.look()
		inventory, refused := s.service("inventory"), s.refused(t)
		if usual := float64(time.Second/windowEvery + time.Second/orderEvery); math.Abs(inventory.CallsPerSecond-mostTimes*usual) > 0.05*mostTimes*usual {
			t.Errorf("%.0f calls come in a second; want %.0f", inventory.CallsPerSecond, mostTimes*usual)
		}
		if s.Visitors.Times != mostTimes || inventory.Control.Pressure < 0.1 || inventory.Control.Limit == 0 || inventory.Sickness != "narrow" {
			t.Errorf("in a crowd: %+v, %+v, control %+v", s.Visitors, inventory, inventory.Control)
		}
		if refused["low"] <= refused["medium"] || refused["medium"] == 0 || refused["high"]+refused["critical"] > 0 {
			t.Errorf("refused = %v", refused)
		}
		wantReceded(t, v, refused)
	})
}

// wantReceded lets the crowd go, after which nothing more is refused.
func wantReceded(t *testing.T, v *view, refused map[string]uint64) {
	t.Helper()
	if err := v.visitors.crowd(1); err != nil {
		t.Fatal(err)
	}
	time.Sleep(2 * time.Second)
	settled := v.look().refused(t)
	time.Sleep(2 * time.Second)
	s := v.look()
	for class, n := range s.refused(t) {
		if n != settled[class] || n < refused[class] {
			t.Errorf("%d calls of class %s are refused, %d in the crowd and %d shortly after it", n, class, refused[class], settled[class])
		}
	}
	if s.Orders.Refused > 0 || s.Orders.Charged < s.Orders.Placed-1 {
		t.Errorf("orders = %+v", s.Orders)
	}
}
