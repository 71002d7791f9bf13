package main

import (
	"context"
	"log/slog"
	"path/filepath"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/fallback"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/rules/config"
)

// tier is what the programs of one tier have in common: rules from a file, and books.
type tier struct {
	*books

	file  *rulesFile
	set   *config.Set
	watch chan error
}

// newTier makes the rules of a tier and follows their file until ctx ends.
func newTier(ctx context.Context, name, folder string, d *dice, faults bool, j *journal, audits *audits) (*tier, error) {
	b, err := newBooks(name, j) //nolint:contextcheck // telemetry is not a call's
	if err != nil {
		return nil, err
	}
	t := &tier{books: b, file: &rulesFile{d, filepath.Join(folder, name+".yaml"), faults}, watch: make(chan error, 1)}
	if err := t.file.write(); err != nil {
		return nil, err
	}
	t.set, err = config.New(config.WithFile(t.file.path), config.WithObserver(b), audits.kind(),
		config.WithLogger(slog.New(slog.DiscardHandler)),
		config.WithPolicyOptions(rules.WithObserver(b), rules.WithMaxKeys(64)))
	if err != nil {
		return nil, err
	}
	go func() { t.watch <- t.set.Watch(ctx) }()
	return t, nil
}

// meddle changes the file from time to time until ctx ends.
func (t *tier) meddle(ctx context.Context) error {
	for sleep(ctx, t.file.between(100*time.Millisecond, time.Second)) == nil {
		change := t.file.write
		if t.file.chance(0.2) {
			change = t.file.spoil
		}
		if err := change(); err != nil {
			return err
		}
	}
	return nil
}

// dial returns a guarded connection.
func (t *tier) dial(target string, methods *fallback.Methods) (*grpc.ClientConn, error) {
	return grpc.NewClient(target, append(
		interceptors.DialOptions(t.set.Rules(), interceptors.WithFallbacks(methods), interceptors.WithStreamReaping()),
		grpc.WithTransportCredentials(insecure.NewCredentials()), t.tracing(), grpc.WithStatsHandler(&t.rpcs),
		grpc.WithConnectParams(quickly()))...)
}

// places checks that no bulkhead is above the largest cap, and returns how many places
// and seats are taken.
func (t *tier) places(broken *breaches) (taken int) {
	for l := range t.set.Rules().Live() {
		b, ok := l.Policy.(*bulkhead.Bulkhead)
		if !ok || l.Shadow {
			continue
		}
		s := b.Snapshot()
		if s.InFlight > mostConcurrent || s.InFlight < 0 || s.Waiting > 10 || s.Waiting < 0 || s.Streams > mostStreams || s.Streams < 0 {
			broken.add("places", "%s: %+v", t.tier, s)
		}
		taken += s.InFlight + s.Waiting + s.Streams
	}
	return taken
}

// finish puts known rules in force and checks that they are.
func (t *tier) finish(broken *breaches) {
	const known = "rules:\n  - match: \"*\"\n    bulkhead: {max_concurrent: 7}\n    custom: [{name: audit, config: {most: 32}}]\n"
	if err := t.file.put(known); err != nil {
		broken.add("rules", "%s: %v", t.tier, err)
		return
	}
	if err := t.set.Reload(); err != nil {
		broken.add("rules", "%s: good rules were refused: %v", t.tier, err)
	}
	if n := len(t.set.Snapshot().Rules); n != 1 {
		broken.add("rules", "%s: %d rules are in force, the file has 1", t.tier, n)
	}
}
