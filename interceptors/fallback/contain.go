package fallback

import "context"

// contained stops the panics of an observer.
type contained struct{ o Observer }

func (c contained) StepStarted(ctx context.Context, chain, step string) (out context.Context) {
	out = ctx
	defer contain()
	if own := c.o.StepStarted(ctx, chain, step); own != nil {
		out = own
	}
	return out
}

func (c contained) StepEnded(ctx context.Context, chain, step string, err error, late bool) {
	defer contain()
	c.o.StepEnded(ctx, chain, step, err, late)
}

func (c contained) FellBack(ctx context.Context, f FellBack) {
	defer contain()
	c.o.FellBack(ctx, f)
}

func contain() { _ = recover() }
