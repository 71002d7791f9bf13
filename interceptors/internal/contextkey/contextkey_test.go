package contextkey_test

import (
	"context"
	"testing"

	"google.golang.org/grpc/metadata"

	"github.com/afloat-go/afloat/interceptors/internal/contextkey"
)

// What is found is what gRPC itself uses: a context asked by it has the metadata.
func TestOf(t *testing.T) {
	t.Parallel()
	key := contextkey.Of(func(ctx context.Context) { metadata.FromIncomingContext(ctx) })
	ctx := metadata.NewIncomingContext(t.Context(), metadata.Pairs("a", "b"))
	if md, ok := ctx.Value(key).(metadata.MD); !ok || md.Get("a")[0] != "b" {
		t.Errorf("key %v leads to %v", key, ctx.Value(key))
	}
}

func TestOfNothing(t *testing.T) {
	t.Parallel()
	if key := contextkey.Of(func(context.Context) {}); key != nil {
		t.Errorf("key = %v; want none", key)
	}
}
