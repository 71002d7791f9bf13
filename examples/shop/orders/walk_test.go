package orders_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/examples/shop/orders"
)

// customer places one order until the answer is clear, and remembers what was said.
type customer struct {
	id             string
	accepted, paid bool
	closed         bool
}

// heard notes an answer and reports whether it is clear.
func (c *customer) heard(t *testing.T, answer string) bool {
	t.Helper()
	switch {
	case answer == "paid":
		c.paid = true
	case strings.HasPrefix(answer, "waits"):
		c.accepted = true
	case answer == "FailedPrecondition", answer == "Aborted":
		c.closed = true
	default:
		return false
	}
	if c.closed && (c.paid || c.accepted) {
		t.Errorf("order %s was taken, and is closed: %+v", c.id, c)
	}
	return true
}

// program is the service with its worker and its file, which may die and be started
// anew.
type program struct {
	cc   grpc.ClientConnInterface
	path string

	mu      sync.Mutex
	service *orders.Service // nil: it is down
	queue   *orders.Queue
	calls   sync.WaitGroup
	stop    context.CancelFunc
	running sync.WaitGroup
}

func (p *program) start(t *testing.T) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.queue = openQueue(t, p.path)
	p.service = newService(p.cc, p.queue)
	ctx, stop := context.WithCancel(t.Context())
	p.stop = stop
	service := p.service
	p.running.Go(func() { service.Run(ctx) })
}

// die closes the file while calls are under way, so that none of them notes what it
// has done.
func (p *program) die(t *testing.T) {
	t.Helper()
	p.mu.Lock()
	p.service = nil
	p.mu.Unlock()
	if err := p.queue.Close(); err != nil {
		t.Error(err)
	}
	p.stop()
	p.running.Wait()
	p.calls.Wait()
}

// place places the order of a customer, who may not wait for the answer, and reports
// whether that is clear.
func (p *program) place(t *testing.T, c *customer, patience time.Duration) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	p.mu.Lock()
	service := p.service
	if service == nil {
		p.mu.Unlock()
		return false
	}
	p.calls.Add(1)
	defer p.calls.Done()
	p.mu.Unlock()
	return c.heard(t, place(ctx, t, service, order(c.id)))
}

// shaky makes every method of the shop fail now and then, before its work or after,
// at once or late.
func (s *shop) shaky(random func() float64, share float64) {
	accident := func(ctx context.Context) error {
		if random() >= share {
			return nil
		}
		if err := takes(time.Duration(random() * float64(1500*time.Millisecond)))(ctx); err != nil {
			return err
		}
		all := []codes.Code{codes.Unavailable, codes.Internal, codes.Unknown, codes.DeadlineExceeded, codes.ResourceExhausted}
		return status.Error(all[int(random()*float64(len(all)))], "scripted")
	}
	for _, method := range []string{"Charge", "Refund", "Reserve", "Release"} {
		s.script(method, accident, accident)
	}
}

// Whatever fails, and however often the program dies: in the end each order is charged
// for once and kept, or given back as a whole and not kept; what was accepted is had; and
// nobody was told otherwise.
func TestEveryOrderComesToOneEnd(t *testing.T) {
	t.Parallel()
	for seed := range uint64(12) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { walk(t, seed) })
		})
	}
}

func walk(t *testing.T, seed uint64) {
	t.Helper()
	const customers = 40
	var mu sync.Mutex
	source := rand.New(rand.NewPCG(seed, 1))
	random := func() float64 {
		mu.Lock()
		defer mu.Unlock()
		return source.Float64()
	}
	s := newShop(t)
	p := &program{cc: s.connect(t), path: filepath.Join(t.TempDir(), "orders.db")}
	p.start(t)
	s.shaky(random, 0.3)
	var all []*customer
	var placing sync.WaitGroup
	for i := range customers {
		c := &customer{id: fmt.Sprint("order ", i)}
		all = append(all, c)
		placing.Go(func() {
			time.Sleep(time.Duration(random() * float64(10*time.Second)))
			for !p.place(t, c, time.Duration(random()*float64(3*time.Second))) {
				time.Sleep(time.Duration(random() * float64(time.Second)))
			}
		})
	}
	for range 5 {
		time.Sleep(time.Duration(random() * float64(3*time.Second)))
		p.die(t)
		p.start(t)
	}
	placing.Wait()
	s.shaky(random, 0)
	time.Sleep(time.Minute)
	kept(t, p.queue, "")
	ends := map[string]int{}
	for _, c := range all {
		if !p.place(t, c, time.Minute) {
			t.Errorf("order %s: no clear answer in the end", c.id)
		}
		ends[s.end(t, c)]++
	}
	t.Logf("seed %d: %v", seed, ends)
	p.die(t)
}

// end checks what the books say of an order, and returns it.
func (s *shop) end(t *testing.T, c *customer) string {
	t.Helper()
	for line := range strings.SplitSeq(s.books(t), ", ") {
		said, ok := strings.CutPrefix(line, c.id+" ")
		if !ok {
			continue
		}
		if had, given := said == "+100 kept", said == "+100 -100"; !had && !given || had != c.paid || given != c.closed {
			t.Errorf("order %s: %s; the customer heard %+v", c.id, said, *c)
		}
		return said
	}
	if !c.closed {
		t.Errorf("order %s is in no books; the customer heard %+v", c.id, *c)
	}
	return "nothing"
}
