package degrade_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/afloat-go/afloat/interceptors/degrade"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
)

// A failed call has no header and no trailer of ours: a header would switch off
// gRPC's own retries.
func TestFailedCallSendsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := start(t, &tier{profile: func(ctx context.Context) (*testv1.GetProfileResponse, error) {
			mark(ctx, t, "avatar", degrade.Missing)
			return nil, status.Error(codes.NotFound, "no such profile")
		}})
		r := degrade.NewReport(missing("from an earlier call"))
		var header, trailer metadata.MD
		_, err := client.GetProfile(t.Context(), nil, degrade.Capture(&r), grpc.Header(&header), grpc.Trailer(&trailer))
		if status.Code(err) != codes.NotFound || r.Known() {
			t.Errorf("error %v, known %v", err, r.Known())
		}
		for key := range metadata.Join(header, trailer) {
			if strings.HasPrefix(key, "afloat") {
				t.Errorf("%s was sent", key)
			}
		}
	})
}

// The details of a failed call's status are what the handler's error says.
func TestMarkersInTheStatus(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		listener := serve(t, &tier{profile: func(context.Context) (*testv1.GetProfileResponse, error) {
			return nil, degrade.NewReport(missing("name")).Err()
		}}, markingServer()...)
		var r degrade.Report
		_, err := dial(t, listener, readingClient()...).GetProfile(t.Context(), nil, degrade.Capture(&r))
		if status.Code(err) != codes.Unavailable || !slices.Equal(claims(r), []string{"name missing"}) {
			t.Errorf("error %v, report %v", err, claims(r))
		}
		_, err = dial(t, listener).GetProfile(t.Context(), nil)
		if got := degrade.FromError(err); !slices.Equal(claims(got), []string{"name missing"}) {
			t.Errorf("without interceptors: %v, %v", err, claims(got))
		}
		// As JSON, which is the body of a failed call of grpc-gateway.
		encoded, marshalling := protojson.Marshal(status.Convert(err).Proto())
		var again spb.Status
		if marshalling != nil || protojson.Unmarshal(encoded, &again) != nil ||
			!slices.Equal(claims(degrade.FromError(status.FromProto(&again).Err())), []string{"name missing"}) {
			t.Errorf("JSON %s, %v", encoded, marshalling)
		}
	})
}

func TestWithDetailsKeepsTheStatus(t *testing.T) {
	t.Parallel()
	s := degrade.WithDetails(status.New(codes.NotFound, "no such user"), staleAt("user"))
	if s.Code() != codes.NotFound || s.Message() != "no such user" {
		t.Errorf("status = %v", s)
	}
	if got := degrade.FromError(s.Err()).State("user"); got != degrade.Stale {
		t.Errorf("state in the details = %v; want stale", got)
	}
}

// The last report counts, and the rest of the details stays.
func TestWithDetailsReplacesAReport(t *testing.T) {
	t.Parallel()
	s, err := status.New(codes.Unavailable, "down").WithDetails(&errdetails.ErrorInfo{Reason: "OWN"})
	if err != nil {
		t.Fatal(err)
	}
	s = degrade.WithDetails(degrade.WithDetails(s, staleAt("before")), staleAt("name"))
	if got := degrade.FromError(s.Err()); len(s.Details()) != 2 || !slices.Equal(claims(got), []string{"name stale"}) {
		t.Errorf("details %v", s.Details())
	}
}

// A status that leaves no room for a report, however short, has none: with its text and
// in base64 it never takes more than its share.
func TestDetailsNeverTakeMoreThanTheirShare(t *testing.T) {
	t.Parallel()
	const share = 7 << 10
	with, without := 0, 0
	for n := range share / 2 {
		s := degrade.WithDetails(status.New(codes.Aborted, strings.Repeat("a", n)), staleAt(strings.Repeat("b", 100)))
		if len(s.Details()) == 0 {
			without++
			continue
		}
		with++
		if took := n + (proto.Size(s.Proto())+2)/3*4; took > share {
			t.Fatalf("a text of %d bytes: %d bytes; want at most %d", n, took, share)
		}
	}
	if with == 0 || without == 0 {
		t.Errorf("%d with a report, %d without; want some of both", with, without)
	}
}

func TestIncompleteError(t *testing.T) {
	t.Parallel()
	err := degrade.NewReport(missing("a"), stale("b", time.Second), missing("c"), missing("d")).Err()
	want := `degrade: incomplete response: "a" is missing (timeout), "b" is stale (unavailable), "c" is missing (timeout) and 1 more`
	if err == nil || err.Error() != want {
		t.Fatalf("error = %v\nwant    %s", err, want)
	}
	incomplete, ok := errors.AsType[*degrade.IncompleteError](err)
	if !ok || incomplete.Report.Len() != 4 || status.Code(err) != codes.Unavailable {
		t.Errorf("incomplete %v, code %v", incomplete, status.Code(err))
	}
	if got := degrade.FromError(err); got.State("b") != degrade.Stale || got.Age("b") != time.Second {
		t.Errorf("details say of b: %v, %v", got.State("b"), got.Age("b"))
	}
	unknown := degrade.Report{}.Err()
	if unknown == nil || !strings.Contains(unknown.Error(), "nobody said") || degrade.FromError(unknown).Known() {
		t.Errorf("unknown: %v", unknown)
	}
	if degrade.FromError(nil).Known() || degrade.FromError(errors.New("plain")).Known() {
		t.Error("an error without details knows something")
	}
}
