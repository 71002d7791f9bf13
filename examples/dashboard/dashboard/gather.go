package dashboard

import (
	"context"
)

// answer is what became of one part.
type answer struct {
	fill func(*page)
	err  error
}

// numbered is an answer on its way, with the number of its part.
type numbered struct {
	answer

	part int
}

// gather asks all sources at once and returns an answer for each, in order. It
// waits until ctx ends, at the latest, or until the user turns out not to be
// had: there is no page without.
func (s *Service) gather(ctx context.Context, userID string) []answer {
	arrived := make(chan numbered, len(s.sources)) // room for all: a late one must not wait for ever
	for i, ask := range s.sources {
		go func() {
			fill, err := ask(ctx, userID)
			arrived <- numbered{answer{fill, err}, i}
		}()
	}
	answers := make([]answer, len(s.sources))
	for i := range answers {
		answers[i].err = context.DeadlineExceeded // until it is there
	}
	for range s.sources {
		a, ok := next(ctx, arrived)
		if !ok {
			return answers
		}
		answers[a.part] = a.answer
		if a.err != nil && Parts()[a.part] == Users {
			return answers
		}
	}
	return answers
}

// next waits for an answer until ctx ends. One that is there by then is not
// lost.
func next(ctx context.Context, arrived <-chan numbered) (a numbered, ok bool) {
	select {
	case a = <-arrived:
		return a, true
	case <-ctx.Done():
	}
	select {
	case a = <-arrived:
		return a, true
	default:
		return a, false
	}
}
