package degrade_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"

	"github.com/afloat-go/afloat/interceptors/degrade"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
	degradev1 "github.com/afloat-go/afloat/proto/afloat/degrade/v1"
)

// A silent server sends nothing of afloat's, whatever happens.
func TestSilentServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st, err := status.New(codes.Aborted, "no").WithDetails(protoadapt.MessageV1Of(degrade.NewReport(missing("name")).Proto()))
		if err != nil {
			t.Fatal(err)
		}
		client := dial(t, serve(t, &tier{
			page: func(context.Context) (*testv1.GetPageResponse, error) { return nil, st.Err() },
			account: func(context.Context) (*testv1.GetAccountResponse, error) {
				return nil, degrade.NewReport(missing("plan")).Err()
			},
			profile: func(ctx context.Context) (*testv1.GetProfileResponse, error) {
				mark(ctx, t, "avatar", degrade.Missing)
				return leaking(degrade.NewReport(sourced("name")).Proto()), nil
			},
			plain: func(ctx context.Context) (*testv1.GetPlainResponse, error) {
				mark(ctx, t, "text", degrade.Missing)
				return &testv1.GetPlainResponse{}, nil
			},
			watch: func(w grpc.ServerStreamingServer[testv1.WatchProfilesResponse]) error {
				mark(w.Context(), t, "name", degrade.Missing)
				return w.Send(&testv1.WatchProfilesResponse{Degradation: &degradev1.Degradation{}, Profile: leaking(nil)})
			},
		}, markingServer(degrade.WithSilence())...), readingClient()...)
		var r degrade.Report
		var header, trailer metadata.MD
		opts := []grpc.CallOption{degrade.Capture(&r), grpc.Header(&header), grpc.Trailer(&trailer)}
		check := func(what string, got proto.Message, err error, code codes.Code) {
			if status.Code(err) != code || r.Known() || len(status.Convert(err).Details()) > 0 {
				t.Errorf("%s: %v, %v; want %v and no report", what, err, r.Proto(), code)
			}
			for key := range metadata.Join(header, trailer) {
				if strings.HasPrefix(key, "afloat") {
					t.Errorf("%s: %s was sent", what, key)
				}
			}
			if text := prototext.Format(got) + status.Convert(err).Message(); strings.Contains(text, "missing") || strings.Contains(text, "degrad") {
				t.Errorf("%s: %s", what, text)
			}
		}
		page, err := client.GetPage(t.Context(), nil, opts...)
		check("details", page, err, codes.Aborted)
		account, err := client.GetAccount(t.Context(), nil, opts...)
		check("incomplete", account, err, codes.Unavailable)
		profile, err := client.GetProfile(t.Context(), nil, opts...)
		check("response", profile, err, codes.OK)
		plain, err := client.GetPlain(t.Context(), nil, opts...)
		check("plain response", plain, err, codes.OK)
		plain, err = client.GetPlain(t.Context(), nil, append(opts, degrade.RequireComplete())...)
		check("required", plain, err, codes.Unavailable)
		w, err := client.WatchProfiles(t.Context(), nil, opts...)
		if err != nil {
			t.Fatal(err)
		}
		message, err := w.Recv()
		check("message", message, err, codes.OK)
		if _, err := w.Recv(); !errors.Is(err, io.EOF) {
			t.Error(err)
		}
		check("end", nil, nil, codes.OK)
	})
}
