package store

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"go.etcd.io/bbolt"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/afloat-go/afloat/examples/shop/database"
	shopv1 "github.com/afloat-go/afloat/examples/shop/proto/shop/v1"
)

// seedVersion changes with the sample data.
const seedVersion = "2"

// How much sample data there is.
const (
	userCount       = 300
	productCount    = 120
	pointsPerSeries = 24
	entriesPerUser  = 20
	rankedPerUser   = 8
	viewedPerUser   = 5
	newUsers        = 10 // one user in so many has looked at nothing yet
	maxAlerts       = 5
)

// seeder writes the sample data in one transaction. Its errors wait for the end.
type seeder struct {
	tx     *bbolt.Tx
	random *rand.Rand
	faults []error
}

// seed fills an empty file. It writes the same data every time.
func seed(tx *bbolt.Tx) error {
	s := &seeder{tx: tx, random: rand.New(rand.NewPCG(1, 2))} //nolint:gosec // sample data, the same every time
	for i := range productCount {
		s.product(i)
	}
	for i := range userCount {
		s.user(i)
	}
	return errors.Join(s.faults...)
}

// put stores a message, and notes the error if it cannot.
func (s *seeder) put(t database.Table, key string, m proto.Message) {
	if err := t.Put(s.tx, key, m); err != nil {
		s.faults = append(s.faults, err)
	}
}

// newest returns when the youngest of the sample data happened.
func newest() time.Time { return time.Date(2026, time.January, 5, 9, 0, 0, 0, time.UTC) }

// productID returns the id of the product with index i.
func productID(i int) string { return fmt.Sprintf("product-%03d", i+1) }

// product stores the product with index i.
func (s *seeder) product(i int) {
	kinds := []string{"Notebook", "Keyboard", "Lamp", "Chair", "Cable", "Stand", "Bag", "Bottle"}
	sizes := []string{"small", "medium", "large"}
	s.put(products, productID(i), &shopv1.Product{
		Id:         productID(i),
		Name:       fmt.Sprintf("%s, %s, no. %d", kinds[i%len(kinds)], sizes[i%len(sizes)], i+1),
		PriceCents: 100*(5+s.random.Int64N(200)) + 99,
	})
}

// user stores the user with index i and all that belongs to the user.
func (s *seeder) user(i int) {
	id := fmt.Sprintf("user-%04d", i+1)
	s.put(users, id, &shopv1.User{
		Id:          id,
		DisplayName: fmt.Sprintf("User %d", i+1),
		Email:       id + "@example.com",
		Team:        fmt.Sprintf("Team %c", 'A'+rune(i%8)),
	})
	s.series(id)
	s.alerts(id)
	s.activity(id)
	s.products(rankings, id, rankedPerUser)
	if (i+1)%newUsers != 0 {
		s.products(histories, id, viewedPerUser)
	}
}

// products lists n products for a user.
func (s *seeder) products(t database.Table, userID string, n int) {
	list := &shopv1.ProductList{}
	for _, p := range s.random.Perm(productCount)[:n] {
		list.ProductIds = append(list.ProductIds, productID(p))
	}
	s.put(t, userID, list)
}

// series makes a day of hourly values: a daily swell and some noise.
func (s *seeder) series(userID string) {
	kinds := []struct {
		name, unit string
		level      float64
	}{
		{"http.errors", "1/s", 0.3},
		{"http.latency", "ms", 42},
		{"http.requests", "1/s", 180},
		{"memory.used", "MiB", 900},
	}
	for _, k := range kinds {
		points := make([]*shopv1.Point, pointsPerSeries)
		for i := range points {
			swell := 1 + 0.4*math.Sin(2*math.Pi*float64(i)/pointsPerSeries)
			points[i] = &shopv1.Point{
				Time:  timestamppb.New(newest().Add(-time.Duration(pointsPerSeries-1-i) * time.Hour)),
				Value: k.level * swell * (0.9 + 0.2*s.random.Float64()),
			}
		}
		s.put(series, userID+"/"+k.name, &shopv1.Series{Name: k.name, Unit: k.unit, Points: points})
	}
}

// alerts stores the open alerts of a user.
func (s *seeder) alerts(userID string) {
	titles := []string{
		"Error rate above 1 %", "Disk almost full", "Certificate expires soon",
		"Queue grows", "Latency above its goal", "Backup is late",
	}
	open := s.random.IntN(maxAlerts + 1)
	for i := range open {
		id := fmt.Sprintf("alert-%02d", i+1)
		s.put(alerts, userID+"/"+id, &shopv1.Alert{
			Id:       id,
			Severity: shopv1.Severity(1 + s.random.Int32N(3)),
			Title:    titles[s.random.IntN(len(titles))],
			OpenedAt: timestamppb.New(newest().Add(-time.Duration(open-i) * 3 * time.Hour)),
		})
	}
}

// activity stores what a user did.
func (s *seeder) activity(userID string) {
	actions := []string{"deployed", "rolled back", "reviewed", "commented on", "closed", "opened"}
	objects := []string{"service-a", "service-b", "service-c", "report-1", "report-2", "pipeline-1"}
	for i := range entriesPerUser {
		s.put(activity, fmt.Sprintf("%s/%04d", userID, i), &shopv1.Entry{
			Time:   timestamppb.New(newest().Add(-time.Duration(entriesPerUser-i) * 17 * time.Minute)),
			Action: actions[s.random.IntN(len(actions))],
			Object: objects[s.random.IntN(len(objects))],
		})
	}
}
