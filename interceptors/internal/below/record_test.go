package below_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/internal/below"
)

// detailed returns a status with a text and a detail.
func detailed(tb testing.TB, code codes.Code, text, detail string) *status.Status {
	tb.Helper()
	s, err := status.New(code, text).WithDetails(&errdetails.DebugInfo{Detail: detail})
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// slice is an error that cannot be compared.
type slice []string

func (slice) Error() string { return "slice" }

// broken is an error that panics when it is looked into.
type broken struct{}

func (*broken) Error() string { return "broken" }
func (*broken) Unwrap() error { panic("broken") }

// endless wraps itself.
type endless struct{}

func (endless) Error() string   { return "endless" }
func (e endless) Unwrap() error { return e }

func TestCovers(t *testing.T) {
	t.Parallel()
	plain := errors.New("pq: no route to 10.0.0.1")
	inner := detailed(t, codes.NotFound, "no row in users", "replica 3")
	noted := status.Convert(inner.Err()).Err()
	more, err := inner.WithDetails(&errdetails.RequestInfo{RequestId: "7"})
	if err != nil {
		t.Fatal(err)
	}
	with := func(text string, of *status.Status) error {
		p := of.Proto()
		p.Message = text
		return status.FromProto(p).Err()
	}
	own := detailed(t, codes.NotFound, "no such user", "ask for another one").Err()
	for name, tt := range map[string]struct {
		err  error
		want bool
	}{
		"a status":                               {noted, true},
		"the same status again":                  {inner.Err(), true},
		"wrapped":                                {fmt.Errorf("get: %w", noted), true},
		"wrapped twice":                          {fmt.Errorf("page: %w", fmt.Errorf("get: %w", noted)), true},
		"joined":                                 {errors.Join(own, noted), true},
		"one of two that are wrapped":            {fmt.Errorf("%w: %w", own, noted), true},
		"a copy":                                 {status.Convert(noted).Err(), true},
		"a copy that is wrapped":                 {fmt.Errorf("get: %w", status.Convert(noted).Err()), true},
		"a copy of what wraps it":                {status.Convert(fmt.Errorf("get: %w", noted)).Err(), true},
		"a copy with more details":               {more.Err(), true},
		"a copy with another text":               {with("sorry", inner), true},
		"a copy of the text":                     {status.Error(codes.InvalidArgument, "no row in users"), true},
		"a copy of the error's own text":         {status.Error(codes.NotFound, noted.Error()), true},
		"a text with all of it":                  {status.Errorf(codes.NotFound, "get: %v", noted), true},
		"a plain error":                          {plain, true},
		"a plain error, wrapped":                 {fmt.Errorf("get: %w", plain), true},
		"a copy of a plain error's text":         {status.Error(codes.NotFound, plain.Error()), true},
		"cannot be compared, and cannot be told": {errors.Join(slice{"b"}, &broken{}), true},
		"without end":                            {endless{}, true},
		"own":                                    {own, false},
		"own, wrapped":                           {fmt.Errorf("get: %w", own), false},
		"own, with no text":                      {status.Error(codes.NotFound, ""), false},
		"own that tells of a plain error":        {status.Errorf(codes.NotFound, "get: %v", plain), false},      // documented
		"own that has some words of it":          {status.Error(codes.NotFound, "get: no row in users"), false}, // documented
		"cannot be compared":                     {slice{"a"}, false},
		"another error, equal":                   {errors.New(plain.Error()), false},
		"the end of a context":                   {context.Canceled, false},
		"nothing":                                {nil, false},
	} {
		var r below.Record
		ctx := context.WithValue(t.Context(), below.Key{}, &r)
		for _, err := range []error{plain, noted, slice{"a"}, status.Error(codes.Unknown, ""), nil} {
			if got := below.Note(ctx, err); (got == nil) != (err == nil) {
				t.Fatalf("Note = %v; want %v", got, err)
			}
		}
		if got := r.Covers(tt.err); got != tt.want {
			t.Errorf("%s: %v; want %v", name, got, tt.want)
		}
	}
}

// A record that has no room for another error takes every error for one from below. An
// error that it has needs none.
func TestRecordIsBounded(t *testing.T) {
	t.Parallel()
	var r below.Record
	ctx := context.WithValue(t.Context(), below.Key{}, &r)
	own := status.Error(codes.NotFound, "own")
	for i := range below.MaxErrors {
		for range 3 {
			_ = below.Note(ctx, status.Error(codes.Internal, strconv.Itoa(i)))
		}
	}
	if r.Covers(own) || !r.Covers(status.Error(codes.Internal, "0")) {
		t.Error("a full record cannot tell")
	}
	_ = below.Note(ctx, errors.New("one more"))
	if !r.Covers(own) {
		t.Error("an error was forgotten")
	}
}

func TestRecordIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	var r below.Record
	ctx := context.WithValue(t.Context(), below.Key{}, &r)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			err := below.Note(ctx, status.Error(codes.Internal, strconv.Itoa(i)))
			if !r.Covers(err) {
				t.Error("an error was lost")
			}
		})
	}
	all.Wait()
}

// Where nobody asks, noting an error allocates nothing.
func TestNoAllocationWithoutRecord(t *testing.T) { //nolint:paralleltest // AllocsPerRun measures the whole process
	err := errors.New("failed")
	if got := testing.AllocsPerRun(100, func() { _ = below.Note(t.Context(), err) }); got != 0 {
		t.Errorf("%v allocations; want 0", got)
	}
}
