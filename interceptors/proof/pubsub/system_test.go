package pubsub_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/pubsub/v2"
	apiv1 "cloud.google.com/go/pubsub/v2/apiv1"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"cloud.google.com/go/pubsub/v2/pstest"
	"github.com/googleapis/gax-go/v2"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	"github.com/afloat-go/afloat/interceptors/proof/trial"
)

const topic = "projects/p/topics/news"

// system is a fake of Pub/Sub with two servers, a client, and its subscribers.
type system struct {
	fake     *pstest.Server
	replicas *trial.Replicas
	client   *pubsub.Client
	news     *pubsub.Publisher

	mu       sync.Mutex
	received map[string]int // by message, how many subscriptions had it
	changed  chan struct{}  // closed and made anew with each message
	ended    []error        // of subscriptions that ended by themselves
}

// newSystem returns a system in which n subscriptions are received from until the test ends.
func newSystem(ctx context.Context, t *testing.T, g *trial.Guard, n int) *system {
	t.Helper()
	s := &system{fake: pstest.NewServer(), received: map[string]int{}, changed: make(chan struct{})}
	t.Cleanup(func() { _ = s.fake.Close() })
	s.replicas = trial.NewReplicas(t, 2, func(server *grpc.Server) {
		pubsubpb.RegisterPublisherServer(server, &s.fake.GServer)
		pubsubpb.RegisterSubscriberServer(server, &s.fake.GServer)
	})
	conn := s.replicas.Dial(t, g.DialOptions()...)
	client, err := pubsub.NewClientWithConfig(ctx, "p", impatient(), option.WithGRPCConn(conn))
	if err != nil {
		t.Fatal(err)
	}
	s.client = client
	if _, err := client.TopicAdminClient.CreateTopic(ctx, &pubsubpb.Topic{Name: topic}); err != nil {
		t.Fatal(err)
	}
	s.news = client.Publisher(topic)
	s.news.PublishSettings.CountThreshold = 1
	for i := range n {
		name := fmt.Sprintf("projects/p/subscriptions/s%d", i)
		if _, err := s.fake.GServer.CreateSubscription(ctx, &pubsubpb.Subscription{Name: name, Topic: topic, AckDeadlineSeconds: 60}); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// impatient has the client wait for up to half a second before it tries again, where it waits
// for up to a minute, by chance, by default: one run then tells what a guard adds.
func impatient() *pubsub.ClientConfig {
	retry := []gax.CallOption{gax.WithRetry(func() gax.Retryer {
		return gax.OnCodes([]codes.Code{
			codes.Aborted, codes.Canceled, codes.DeadlineExceeded, codes.Internal, codes.ResourceExhausted, codes.Unavailable, codes.Unknown,
		}, gax.Backoff{Initial: 100 * time.Millisecond, Max: 500 * time.Millisecond, Multiplier: 1.3})
	})}
	return &pubsub.ClientConfig{
		TopicAdminCallOptions:        &apiv1.TopicAdminCallOptions{Publish: retry},
		SubscriptionAdminCallOptions: &apiv1.SubscriptionAdminCallOptions{StreamingPull: retry},
	}
}

// receive receives from n subscriptions. It returns what ends that, and waits for the end.
func (s *system) receive(ctx context.Context, n int) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			err := s.client.Subscriber(fmt.Sprintf("s%d", i)).Receive(ctx, func(_ context.Context, m *pubsub.Message) {
				m.Ack()
				s.arrived(string(m.Data))
			})
			if ctx.Err() == nil {
				s.mu.Lock()
				s.ended = append(s.ended, err)
				s.mu.Unlock()
			}
		})
	}
	return func() {
		s.news.Stop()
		cancel()
		all.Wait()
		_ = s.client.Close()
	}
}

func (s *system) arrived(message string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.received[message]++
	close(s.changed)
	s.changed = make(chan struct{})
}

// await waits until so many subscriptions had a message, and returns how many had it in time.
func (s *system) await(message string, subscriptions int, within time.Duration) int {
	limit := time.NewTimer(within)
	defer limit.Stop()
	for {
		s.mu.Lock()
		n, changed := s.received[message], s.changed
		s.mu.Unlock()
		if n >= subscriptions {
			return n
		}
		select {
		case <-changed:
		case <-limit.C:
			return n
		}
	}
}

// publish publishes a message, and counts it.
func (s *system) publish(ctx context.Context, f *trial.Finding, message string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	f.Calls++
	_, err := s.news.Publish(ctx, &pubsub.Message{Data: []byte(message)}).Get(ctx)
	if err != nil {
		f.Lost++
	}
	return err
}
