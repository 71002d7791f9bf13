package gateway

import (
	"context"
	"net/http"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/afloat-go/afloat/interceptors/degrade"
	pb "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
)

// newMux makes a gateway that passes on those trailers that clients of HTTP can read, and
// tells caches to keep complete responses alone.
func newMux() *runtime.ServeMux {
	return runtime.NewServeMux(
		runtime.WithOutgoingTrailerMatcher(func(key string) (string, bool) {
			if strings.HasSuffix(key, "-bin") {
				return "", false // bytes, which the gateway would write as they are
			}
			return runtime.MetadataTrailerPrefix + key, true
		}),
		runtime.WithForwardResponseOption(func(ctx context.Context, w http.ResponseWriter, _ proto.Message) error {
			md, _ := runtime.ServerMetadataFromContext(ctx)
			if summary := md.HeaderMD.Get(degrade.SummaryKey); len(summary) == 0 || summary[0] != "0" {
				w.Header().Set("Cache-Control", "no-store") // degraded, or nobody says that it is not
			}
			return nil
		}),
	)
}

// register serves the methods as generated code of protoc-gen-grpc-gateway does.
func register(mux *runtime.ServeMux, client pb.TierServiceClient) error {
	plain := func(ctx context.Context, w http.ResponseWriter, r *http.Request, m runtime.Marshaler) error {
		var md runtime.ServerMetadata
		resp, err := client.GetPlain(ctx, &pb.GetPlainRequest{}, grpc.Header(&md.HeaderMD), grpc.Trailer(&md.TrailerMD))
		if err == nil {
			runtime.ForwardResponseMessage(runtime.NewServerMetadataContext(ctx, md), mux, m, w, r, resp, mux.GetForwardResponseOptions()...)
		}
		return err
	}
	profile := func(ctx context.Context, w http.ResponseWriter, r *http.Request, m runtime.Marshaler) error {
		var md runtime.ServerMetadata
		resp, err := client.GetProfile(ctx, &pb.GetProfileRequest{}, grpc.Header(&md.HeaderMD), grpc.Trailer(&md.TrailerMD))
		if err == nil {
			runtime.ForwardResponseMessage(runtime.NewServerMetadataContext(ctx, md), mux, m, w, r, resp, mux.GetForwardResponseOptions()...)
		}
		return err
	}
	watch := func(ctx context.Context, w http.ResponseWriter, r *http.Request, m runtime.Marshaler) error {
		stream, err := client.WatchProfiles(ctx, &pb.WatchProfilesRequest{})
		if err != nil {
			return err
		}
		header, err := stream.Header()
		if err == nil {
			ctx = runtime.NewServerMetadataContext(ctx, runtime.ServerMetadata{HeaderMD: header})
			runtime.ForwardResponseStream(ctx, mux, m, w, r, func() (proto.Message, error) { return stream.Recv() }, mux.GetForwardResponseOptions()...)
		}
		return err
	}
	for path, call := range map[string]call{"/plain": plain, "/profile": profile, "/watch": watch} {
		if err := mux.HandlePath(http.MethodGet, path, call.serve(mux)); err != nil {
			return err
		}
	}
	return nil
}

// call makes a call for a request of HTTP and forwards its response.
type call func(context.Context, http.ResponseWriter, *http.Request, runtime.Marshaler) error

// serve handles requests with the call.
func (c call) serve(mux *runtime.ServeMux) runtime.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request, _ map[string]string) {
		_, m := runtime.MarshalerForRequest(mux, r)
		ctx, err := runtime.AnnotateContext(r.Context(), mux, r, "/afloat.test.v1.TierService")
		if err == nil {
			err = c(ctx, w, r, m)
		}
		if err != nil {
			runtime.HTTPError(ctx, mux, m, w, r, err)
		}
	}
}
