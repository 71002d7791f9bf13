package pubsub_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/afloat-go/afloat/interceptors/proof/trial"
)

const client = "Pub/Sub"

// all fails the test unless every subscription had the message.
func (s *system) all(t *testing.T, message string, n int) {
	t.Helper()
	if got := s.await(message, n, 2*time.Minute); got != n {
		t.Errorf("%d of %d subscriptions had %q; ended: %v", got, n, message, s.ended)
	}
}

// TestQuietSubscriptions has subscriptions that nothing arrives on, and whose streams end and
// are opened anew, as Pub/Sub does it every half an hour and the fake here every second.
func TestQuietSubscriptions(t *testing.T) { //nolint:paralleltest // Timed makes it so
	trial.Timed(t)
	const n = 20
	trial.Compare(t, client, "20 quiet subscriptions, 10 s", func(t *testing.T, g *trial.Guard, f *trial.Finding) {
		t.Helper()
		s := newSystem(t.Context(), t, g, n)
		s.fake.SetStreamTimeout(time.Second)
		stop := s.receive(t.Context(), n)
		trial.Wait(10 * time.Second)
		_ = s.publish(t.Context(), f, "after the quiet")
		s.all(t, "after the quiet", n)
		stop()
	}).Harmless(t)
}

func TestManySubscriptionsAndAPublish(t *testing.T) { //nolint:paralleltest // Timed makes it so
	trial.Timed(t)
	const n = 1030
	trial.Compare(t, client, "1,030 subscriptions and a publish", func(t *testing.T, g *trial.Guard, f *trial.Finding) {
		t.Helper()
		s := newSystem(t.Context(), t, g, n)
		stop := s.receive(t.Context(), n)
		_ = s.publish(t.Context(), f, "news")
		s.all(t, "news", n)
		stop()
	}).Harmless(t)
}

// TestBreak takes all servers away while messages are published, one each tenth of a second.
func TestBreak(t *testing.T) { //nolint:paralleltest // Timed makes it so
	trial.Timed(t)
	trial.Compare(t, client, fmt.Sprintf("break of %v", trial.Break()), func(t *testing.T, g *trial.Guard, f *trial.Finding) {
		t.Helper()
		event(t, g, f, func(s *system) {
			s.replicas.Stop()
			trial.Wait(trial.Break())
			s.replicas.Start(t)
		})
	}).Recovered(t)
}

func TestRollingRestart(t *testing.T) { //nolint:paralleltest // Timed makes it so
	trial.Timed(t)
	p := trial.Compare(t, client, "rolling restart", func(t *testing.T, g *trial.Guard, f *trial.Finding) {
		t.Helper()
		event(t, g, f, func(s *system) { s.replicas.Restart(t) })
	})
	p.Recovered(t)
	p.Harmless(t)
}

// event publishes before, during and after an event. All messages are waited for.
func event(t *testing.T, g *trial.Guard, f *trial.Finding, happen func(*system)) {
	t.Helper()
	const n = 20
	s := newSystem(t.Context(), t, g, n)
	stop := s.receive(t.Context(), n)
	defer stop()
	_ = s.publish(t.Context(), f, "before")
	s.all(t, "before", n)
	done := make(chan struct{})
	go func() {
		defer close(done)
		happen(s)
	}()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for i := 0; ; i++ {
		select {
		case <-done:
			over := time.Now()
			_ = s.publish(t.Context(), f, "after")
			s.all(t, "after", n)
			f.Again = time.Since(over)
			return
		case <-tick.C:
			message := fmt.Sprint("during ", i)
			published := make(chan struct{})
			go func() {
				defer close(published)
				_ = s.publish(t.Context(), f, message)
			}()
			select {
			case <-published:
			case <-done:
				over := time.Now()
				<-published
				_ = s.publish(t.Context(), f, "after")
				s.all(t, "after", n)
				f.Again = time.Since(over)
				return
			}
		}
	}
}
