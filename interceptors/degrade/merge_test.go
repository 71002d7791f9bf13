package degrade_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/afloat-go/afloat/interceptors/degrade"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
)

func staleAt(path string) degrade.Report {
	return degrade.NewReport(degrade.Marker{Path: path, State: degrade.Stale, Reason: degrade.ReasonTimeout})
}

func TestMergeObeysUnderAndUnused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		in   func(context.Context) context.Context
		path string
		want degrade.State
	}{
		"unstated": {func(ctx context.Context) context.Context { return ctx }, "", degrade.Partial},
		"under": {
			func(ctx context.Context) context.Context { return degrade.Under(ctx, "profile") },
			"profile.avatar", degrade.Stale,
		},
		"unused": {degrade.Unused, "profile", degrade.Intact},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, scope := degrade.Open(t.Context())
			degrade.Merge(tt.in(ctx), staleAt("avatar"))
			if got := scope.Close().State(tt.path); got != tt.want {
				t.Errorf("state of %q = %v; want %v", tt.path, got, tt.want)
			}
		})
	}
}

// What is marked while a value is made is in paths of a response, which the value need
// not be, unless somebody says so.
func TestMarksOnTheWayToAValue(t *testing.T) {
	t.Parallel()
	ctx, scope := degrade.Open(t.Context())
	if err := degrade.Mark(ctx, "avatar", degrade.Stale, degrade.ReasonTimeout); err != nil {
		t.Error(err)
	}
	if err := degrade.Mark(degrade.Under(ctx, "profile"), "name", degrade.Missing, degrade.ReasonTimeout); err != nil {
		t.Error(err)
	}
	if got := claims(scope.Close()); !slices.Equal(got, []string{" partial", "profile.name missing"}) {
		t.Errorf("markers %q; want the value partial, and what was said of its profile", got)
	}
}

func TestUnionAddsUp(t *testing.T) {
	t.Parallel()
	if degrade.Union().Known() || degrade.Union(degrade.Report{}).Known() {
		t.Error("nothing is known, but the union says so")
	}
	r := degrade.Union(degrade.Report{}, degrade.NewReport(), staleAt("a"), staleAt("b"), staleAt("a"))
	if r.Len() != 2 || r.State("a") != degrade.Stale || r.State("b") != degrade.Stale || r.State("c") != degrade.Intact {
		t.Errorf("union = %v", r.Proto())
	}
}

// What comes too deep is said of the field that it is in, once.
func TestReportsThatAreMovedTooDeep(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("a.", degrade.MaxPathSteps-2) + "a"
	moved := degrade.NewReport(missing("b"), missing("x.y"), missing("x.z")).At(deep)
	if got := paths(moved); !slices.Equal(got, []string{deep, deep + ".b"}) {
		t.Errorf("markers at %q", got)
	}
	if moved.State(deep) != degrade.Partial || moved.State(deep+".b") != degrade.Missing {
		t.Errorf("report = %v", moved)
	}
}

// An age that is not known is none, on the wire too.
func TestAgeThatIsNotKnown(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		marker degrade.Marker
		known  bool
	}{{stale("name", 0), false}, {stale("name", 1), true}} {
		if f := degrade.NewReport(tt.marker).Proto().GetFields()[0]; (f.GetAge() != nil) != tt.known {
			t.Errorf("marker = %v", f)
		}
	}
}

func TestClearedLeavesTheOriginalAlone(t *testing.T) {
	t.Parallel()
	plain := &testv1.GetProfileResponse{Name: "Ada"}
	if degrade.Cleared(plain) != plain {
		t.Error("a message without markers was copied")
	}
	marked := &testv1.GetProfileResponse{Name: "Ada", Parent: plain}
	degrade.SetResponse(marked, staleAt("avatar"))
	before := proto.Clone(marked)
	cleared := degrade.Cleared(marked)
	if degrade.FromResponse(cleared).Known() || cleared.GetName() != "Ada" || cleared.GetParent() != plain {
		t.Errorf("cleared = %v", cleared)
	}
	if !proto.Equal(marked, before) {
		t.Error("the original was changed")
	}
}

func TestDeliverReachesCapturesAndScope(t *testing.T) {
	t.Parallel()
	ctx, scope := degrade.Open(t.Context())
	var got degrade.Report
	opts := []grpc.CallOption{degrade.Capture(&got)}
	degrade.Deliver(degrade.Under(ctx, "profile"), opts, staleAt("avatar"))
	if got.State("avatar") != degrade.Stale {
		t.Errorf("captured %v", got.Proto())
	}
	if r := scope.Close(); r.State("profile.avatar") != degrade.Stale {
		t.Errorf("scope says %v", r.Proto())
	}
}

func TestRequiresComplete(t *testing.T) {
	t.Parallel()
	if degrade.RequiresComplete([]grpc.CallOption{grpc.StaticMethod()}) {
		t.Error("found where it is not")
	}
	if !degrade.RequiresComplete([]grpc.CallOption{grpc.StaticMethod(), degrade.RequireComplete()}) {
		t.Error("not found")
	}
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
