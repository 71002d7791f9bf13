package story_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afloat-go/afloat/examples/shop/internal/story"
	"github.com/afloat-go/afloat/examples/shop/internal/story/pages"
	"github.com/afloat-go/afloat/examples/shop/internal/story/script"
	"github.com/afloat-go/afloat/examples/shop/system"
)

func TestStoryEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		err := story.Run(ctx, story.Config{
			Pages:  pages.Config{Rate: pages.MinRate, Phase: pages.MinPhase},
			System: system.Config{Network: system.InMemory{}, Folder: t.TempDir(), Rules: "../../rules.yaml", Guarded: true},
		}, &strings.Builder{})
		if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, script.ErrUnmet) {
			t.Errorf("error = %v; want DeadlineExceeded", err)
		}
	})
}
