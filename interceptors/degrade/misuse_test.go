package degrade_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/fanout"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
	"github.com/afloat-go/afloat/interceptors/misuse"
)

// ear hears misuses of a kind in places that contain a text.
type ear struct {
	mu    sync.Mutex
	heard []misuse.Misuse
}

func listen(t *testing.T, kind misuse.Kind, where string) *ear {
	t.Helper()
	e := new(ear)
	t.Cleanup(misuse.Watch(func(m misuse.Misuse) {
		e.mu.Lock()
		defer e.mu.Unlock()
		if m.Kind == kind && strings.Contains(m.Where, where) {
			e.heard = append(e.heard, m)
		}
	}))
	return e
}

// take returns what was heard since it was called last.
func (e *ear) take() []misuse.Misuse {
	e.mu.Lock()
	defer e.mu.Unlock()
	heard := e.heard
	e.heard = nil
	return heard
}

// Without the client interceptors, a call that must be complete fails, whatever the server
// answers and whichever options come with it; with them it does not.
func TestRequireCompleteFailsClosed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &tier{
			plain: func(context.Context) (*testv1.GetPlainResponse, error) {
				return &testv1.GetPlainResponse{Text: "x"}, nil
			},
			watch: func(w grpc.ServerStreamingServer[testv1.WatchProfilesResponse]) error {
				return w.Send(&testv1.WatchProfilesResponse{})
			},
		}
		listener := serve(t, s, markingServer()...)
		for name, dialled := range map[string][]grpc.DialOption{"without": nil, "with": readingClient()} {
			client, want := dial(t, listener, dialled...), codes.Internal
			if name == "with" {
				want = codes.OK
			}
			for _, opts := range [][]grpc.CallOption{
				{degrade.RequireComplete()},
				{degrade.Require("text")},
				{degrade.RequireComplete(), degrade.Capture(new(degrade.Report))},
				{degrade.RequireComplete(), grpc.PerRPCCredentials(noCredentials{}), grpc.WaitForReady(true), grpc.CallContentSubtype("proto")},
			} {
				_, err := client.GetPlain(t.Context(), nil, opts...)
				if status.Code(err) != want || err != nil && !strings.Contains(err.Error(), "need interceptors.DialOptions") {
					t.Errorf("%s interceptors: %v; want %v, and what is needed", name, err, want)
				}
				w, err := client.WatchProfiles(t.Context(), nil, opts...)
				if err == nil {
					_, err = w.Recv()
				}
				if status.Code(err) != want {
					t.Errorf("%s interceptors, stream: %v; want %v", name, err, want)
				}
			}
			if _, err := client.GetPlain(t.Context(), nil); err != nil {
				t.Errorf("%s interceptors, not required: %v", name, err)
			}
		}
	})
}

// noCredentials adds nothing to a call.
type noCredentials struct{}

func (noCredentials) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return nil, nil //nolint:nilnil // there is none
}
func (noCredentials) RequireTransportSecurity() bool { return false }

// Without the client interceptors, a report that is captured knows nothing, also one that
// knew something before, and that is told of. With them it is read.
func TestCaptureIsTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		unread := listen(t, misuse.ReportUnread, "degrade/misuse_test.go:")
		listener := serve(t, &tier{
			plain: func(context.Context) (*testv1.GetPlainResponse, error) { return &testv1.GetPlainResponse{}, nil },
			watch: func(grpc.ServerStreamingServer[testv1.WatchProfilesResponse]) error { return nil },
		}, markingServer()...)
		for _, tt := range []struct {
			name   string
			client testv1.TierServiceClient
			told   int
			known  bool
		}{{"without", dial(t, listener), 2, false}, {"with", dial(t, listener, readingClient()...), 0, true}} {
			r := degrade.NewReport()
			_, err := tt.client.GetPlain(t.Context(), nil, degrade.Capture(&r))
			for name, got := range map[string]bool{"complete": r.Complete(), "intact": r.State("text") == degrade.Intact} {
				if got != tt.known {
					t.Errorf("%s interceptors: %s is %v; want %v", tt.name, name, got, tt.known)
				}
			}
			if got := unread.take(); len(got) != tt.told {
				t.Errorf("%s interceptors: told %v; want %d", tt.name, got, tt.told)
			}
			if err != nil || r.Known() != tt.known {
				t.Errorf("%s interceptors: %v, %v; want it known: %v", tt.name, r, err, tt.known)
			}
			r = degrade.NewReport()
			w, err := tt.client.WatchProfiles(t.Context(), nil, degrade.Capture(&r))
			if err != nil {
				t.Fatal(err)
			}
			_, _ = w.Recv()
			synctest.Wait()
			if r.Known() != tt.known {
				t.Errorf("%s interceptors, stream: %v; want it known: %v", tt.name, r, tt.known)
			}
			if got := unread.take(); len(got) != tt.told {
				t.Errorf("%s interceptors: told %v; want %d", tt.name, got, tt.told)
			}
		}
		_, _ = dial(t, listener).GetPlain(t.Context(), nil, degrade.Capture(nil)) // it must not panic
	})
}

// A mark on a field that the response does not have is told of, with what is wrong. One on
// a field that it has is not, nor what a service below knows.
func TestMarksOnUnknownFieldsAreTold(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ path, problem string }{
		{"name", ""},
		{"tags[*]", ""},
		{"", ""},
		{"Name", `has no field "Name", but "name"`},
		{"nume", `has no field "nume"`},
		{"parent.nix", `"parent" of afloat.test.v1.GetProfileResponse has no field "nix"`},
		{"name[*]", "it is not repeated"},
	} {
		for _, kind := range []string{"unary", "stream"} {
			t.Run(kind+" "+tt.path, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					method := "/unknown.v1." + kind + "/Get"
					unknown := listen(t, misuse.MarkUnknownField, method+" "+tt.path)
					if kind == "unary" {
						_, err := degrade.UnaryServerInterceptor()(t.Context(), nil, &grpc.UnaryServerInfo{FullMethod: method},
							func(ctx context.Context, _ any) (any, error) {
								mark(ctx, t, tt.path, degrade.Missing)
								return &testv1.GetProfileResponse{}, nil
							})
						if err != nil {
							t.Fatal(err)
						}
					} else {
						err := degrade.StreamServerInterceptor()(nil, &sink{ctx: t.Context()}, &grpc.StreamServerInfo{FullMethod: method},
							func(_ any, s grpc.ServerStream) error {
								mark(s.Context(), t, tt.path, degrade.Missing)
								return s.SendMsg(&testv1.GetProfileResponse{})
							})
						if err != nil {
							t.Fatal(err)
						}
					}
					got := unknown.take()
					if tt.problem == "" && len(got) > 0 || tt.problem != "" && (len(got) != 1 || !strings.Contains(got[0].Problem, tt.problem)) {
						t.Errorf("told %v; want %q", got, tt.problem)
					}
				})
			})
		}
	}
}

// sink is a stream of a server that goes nowhere.
type sink struct {
	grpc.ServerStream

	ctx context.Context
}

func (s *sink) Context() context.Context { return s.ctx }
func (s *sink) SendMsg(any) error        { return nil }
func (s *sink) SetTrailer(metadata.MD)   {}

// A mark that nobody hears of, as of a handler that is called in the process and not by a
// server, is told of with the line that makes it. What has a scope is not, and neither is
// a plan, which returns its report.
func TestMarksOutsideOfScopesAreTold(t *testing.T) {
	t.Parallel()
	outside := listen(t, misuse.MarkOutsideScope, "degrade/misuse_test.go:")
	mark(t.Context(), t, "name", degrade.Missing) // by a function of the package's tests
	if err := degrade.Mark(t.Context(), "name", degrade.Missing, degrade.ReasonTimeout); err != nil {
		t.Fatal(err)
	}
	degrade.Add(t.Context(), degrade.NewReport(missing("name")))
	if got := outside.take(); len(got) != 2 || got[0].Where == got[1].Where || !strings.Contains(got[0].Problem, `"name" is missing`) {
		t.Errorf("told %v; want the lines of Mark and Add", got)
	}
	scoped, _ := degrade.Open(t.Context())
	_ = degrade.Mark(scoped, "name", degrade.Missing, degrade.ReasonTimeout)
	degrade.Add(t.Context(), degrade.NewReport())
	degrade.Merge(t.Context(), degrade.NewReport(missing("name")))
	_ = degrade.Deliver(t.Context(), nil, degrade.NewReport(missing("name")))
	p, err := fanout.NewPlan("p",
		fanout.Optional("name", func(context.Context, int) (string, error) { return "", status.Error(codes.Unavailable, "") },
			func(r *testv1.GetProfileResponse, name string) { r.Name = name }),
		fanout.Optional("avatar", func(context.Context, int) (string, error) { return "", nil },
			func(r *testv1.GetProfileResponse, avatar string) { r.Avatar = avatar }))
	if err != nil {
		t.Fatal(err)
	}
	if r, err := p.Gather(t.Context(), 0, &testv1.GetProfileResponse{}); err != nil || r.Complete() {
		t.Errorf("%v, %v; want it degraded", r, err)
	}
	if got := outside.take(); len(got) > 0 {
		t.Errorf("told %v; want nothing", got)
	}
}

// A response with two fields for markers, or one of another form, is told of once. One
// with a single field is not.
func TestFieldsForMarkersAreTold(t *testing.T) {
	t.Parallel()
	field := func(name string, number int32, label descriptorpb.FieldDescriptorProto_Label) *descriptorpb.FieldDescriptorProto {
		return &descriptorpb.FieldDescriptorProto{
			Name: &name, Number: &number, Label: &label, Type: descriptorpb.FieldDescriptorProto_TYPE_MESSAGE.Enum(),
			TypeName: new(".afloat.degrade.v1.Degradation"),
		}
	}
	const one, many = descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL, descriptorpb.FieldDescriptorProto_LABEL_REPEATED
	file, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{
		Name: new("misuse_test.proto"), Package: new("misuse.fields"), Syntax: new("proto3"),
		Dependency: []string{"afloat/degrade/v1/degradation.proto"},
		MessageType: []*descriptorpb.DescriptorProto{
			{Name: new("Good"), Field: []*descriptorpb.FieldDescriptorProto{field("a", 1, one)}},
			{Name: new("Two"), Field: []*descriptorpb.FieldDescriptorProto{field("a", 1, one), field("b", 2, one)}},
			{Name: new("List"), Field: []*descriptorpb.FieldDescriptorProto{field("a", 1, many)}},
		},
	}, protoregistry.GlobalFiles)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"Good": "", "Two": "a second one", "List": "repeated"} {
		told := listen(t, misuse.MarkerField, "misuse.fields."+name)
		for range 3 {
			_, err := degrade.UnaryServerInterceptor()(t.Context(), nil, &grpc.UnaryServerInfo{FullMethod: "/m"},
				answering(dynamicpb.NewMessage(file.Messages().ByName(protoreflect.Name(name)))))
			if err != nil {
				t.Fatal(err)
			}
		}
		got := told.take()
		if want == "" && len(got) > 0 || want != "" && (len(got) != 1 || !strings.Contains(got[0].Problem, want)) {
			t.Errorf("%s: told %v; want %q", name, got, want)
		}
	}
}
