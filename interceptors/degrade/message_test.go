package degrade_test

import (
	"context"
	"slices"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/afloat-go/afloat/interceptors/degrade"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
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
