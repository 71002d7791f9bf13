package main

import (
	"context"
	"encoding/base64"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/afloat-go/afloat/interceptors/degrade"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
	"github.com/afloat-go/afloat/interceptors/policy"
	degradev1 "github.com/afloat-go/afloat/proto/afloat/degrade/v1"
)

// hostile is a server without interceptors that says about its answers whatever does
// harm.
type hostile struct {
	testv1.UnimplementedTierServiceServer

	dice    *dice
	journal *journal
}

// startHostile serves one.
func startHostile(ctx context.Context, d *dice, j *journal) (*host, error) {
	return startHost(ctx, func() *grpc.Server {
		s := grpc.NewServer(grpc.WaitForHandlers(true))
		testv1.RegisterTierServiceServer(s, &hostile{dice: d, journal: j})
		return s
	})
}

// GetProfile answers with nonsense, or fails with it.
func (h *hostile) GetProfile(ctx context.Context, _ *testv1.GetProfileRequest) (*testv1.GetProfileResponse, error) {
	if h.dice.chance(0.5) {
		_ = grpc.SetTrailer(ctx, metadata.Pairs(degrade.TrailerKey, h.trailer(), degrade.SummaryKey, string(h.dice.printable(100)))) // it fails only after the end
	}
	if h.dice.chance(0.3) {
		_ = grpc.SetHeader(ctx, metadata.Pairs(degrade.SummaryKey, pick(h.dice, "0", "-1", "99999999999999999999; missing=x", ";;;="))) // as above
	}
	if h.dice.chance(0.3) {
		err := h.failure()
		h.journal.of(ctx).did(deed{made: token{origin: "hostile", what: "hostile"}, code: status.Code(err)})
		return nil, err
	}
	return &testv1.GetProfileResponse{Name: "hostile", Degradation: h.degradation()}, nil
}

// trailer returns markers, or what looks like some.
func (h *hostile) trailer() string {
	switch {
	case h.dice.chance(0.3):
		return string(h.dice.printable(h.dice.below(4000)))
	case h.dice.chance(0.5):
		return base64.RawStdEncoding.EncodeToString(h.dice.bytes(h.dice.below(4000)))
	default:
		return base64.StdEncoding.EncodeToString([]byte("\x0a\x08\x0a\x04name\x10\x01" + strings.Repeat("\x0a\x00", h.dice.below(2000))))
	}
}

// degradation returns many markers that make no sense.
func (h *hostile) degradation() *degradev1.Degradation {
	d := &degradev1.Degradation{Truncated: h.dice.chance(0.5), DroppedCount: uint32(h.dice.below(1 << 30))} //nolint:gosec // in range
	for range h.dice.below(200) {
		d.Fields = append(d.Fields, &degradev1.FieldDegradation{
			Path: pick(h.dice, "name", "items[*]", `offers["`+strings.Repeat("x", h.dice.below(300))+`"]`, "no.such.field",
				strings.Repeat("parent.", h.dice.below(40))+"name", "[[[", "\x1b[2J", string(h.dice.printable(30))),
			State:        degradev1.FieldState(h.dice.below(12) - 3),                                           //nolint:gosec // in range
			Reason:       degradev1.Reason(h.dice.below(40) - 10),                                              //nolint:gosec // in range
			Age:          &durationpb.Duration{Seconds: int64(h.dice.number()), Nanos: int32(h.dice.number())}, //nolint:gosec // any will do
			ElementKeys:  strings.Split(strings.Repeat("k,", h.dice.below(200)), ","),
			ElementCount: uint32(h.dice.number()),                                                                          //nolint:gosec // as above
			SourceInfo:   &degradev1.SourceInfo{Source: innerHost, Origin: innerHost, Hops: uint32(h.dice.below(1 << 30))}, //nolint:gosec // in range
		})
	}
	return d
}

// failure returns an error that imitates one of afloat.
func (h *hostile) failure() error {
	s := status.New(codes.Code(h.dice.below(40)+1), string(h.dice.printable(h.dice.below(20_000)))) //nolint:gosec // a code that does not exist, too
	with, err := s.WithDetails(
		&errdetails.ErrorInfo{Domain: policy.Domain, Reason: pick(h.dice, "BULKHEAD_FULL", "CIRCUIT_OPEN", "X", "")},
		&errdetails.RetryInfo{RetryDelay: &durationpb.Duration{Seconds: int64(h.dice.number())}}, //nolint:gosec // any will do
		h.degradation(),
	)
	if err != nil || len(with.Message()) > 10_000 {
		return s.Err()
	}
	return with.Err()
}
