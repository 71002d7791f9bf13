package main

import (
	"context"
	"time"
)

// deadline is how long the sources are given.
const deadline = 50 * time.Millisecond

// cases are what the third source does.
func cases() []struct {
	name  string
	third source
} {
	return []struct {
		name  string
		third source
	}{
		{"fails", func(context.Context) (string, error) { return "", errNone }},
		{"is deaf", func(context.Context) (string, error) {
			time.Sleep(400 * time.Millisecond)
			return "late", nil
		}},
		{"panics", func(context.Context) (string, error) { return "", boom() }},
		{"panics late", func(context.Context) (string, error) {
			time.Sleep(150 * time.Millisecond)
			return "", boom()
		}},
	}
}

// boom panics as programs do.
func boom() error {
	return []error{}[time.Now().Year()]
}

// good is a source that answers after 5 ms.
func good(ctx context.Context) (string, error) {
	t := time.NewTimer(5 * time.Millisecond)
	defer t.Stop()
	select {
	case <-t.C:
		return "good", nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// count is how many of the values are good ones.
func count(values []string) (n int) {
	for _, v := range values {
		if v == "good" {
			n++
		}
	}
	return n
}
