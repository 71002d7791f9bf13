package fanout

import "context"

// await takes what arrives, until n have, or take says that it is enough, or ctx
// ends. Then it takes what has arrived by now: nothing that has is lost.
func await[T any](ctx context.Context, arrived <-chan T, n int, take func(T) (goOn bool)) {
	for range n {
		select {
		case one := <-arrived:
			if !take(one) {
				return
			}
		case <-ctx.Done():
			drain(arrived, take)
			return
		}
	}
}

func drain[T any](arrived <-chan T, take func(T) (goOn bool)) {
	for {
		select {
		case one := <-arrived:
			if !take(one) {
				return
			}
		default:
			return
		}
	}
}
