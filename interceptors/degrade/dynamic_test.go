package degrade_test

import (
	"context"
	"slices"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/afloat-go/afloat/interceptors/degrade"
)

// Proxies have responses whose Go types are made while they run. Their markers
// are read and written as any.
func TestResponsesOfDynamicTypes(t *testing.T) {
	t.Parallel()
	resp := dynamicpb.NewMessage(profileType)
	if degrade.FromResponse(resp).Known() || degrade.FromResponse(nil).Known() {
		t.Error("an empty response says something")
	}
	if !degrade.SetResponse(resp, degrade.NewReport(missing("name"))) {
		t.Fatal("no room for markers")
	}
	if got := claims(degrade.FromResponse(resp)); !slices.Equal(got, []string{"name missing"}) {
		t.Errorf("%v", got)
	}
	before := proto.Clone(resp)
	got, err := degrade.UnaryServerInterceptor()(t.Context(), nil, &grpc.UnaryServerInfo{}, func(ctx context.Context, _ any) (any, error) {
		mark(ctx, t, "tags", degrade.Partial)
		return resp, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	sent := degrade.FromResponse(got.(proto.Message)) //nolint:errcheck,forcetypeassert // it is
	if !slices.Equal(claims(sent), []string{"name missing", "tags partial"}) || !proto.Equal(resp, before) {
		t.Errorf("sent %v, the handler's response became %v", claims(sent), resp)
	}
}
