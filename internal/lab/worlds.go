package lab

import (
	"fmt"
	"strings"
)

// Family is worlds that belong together.
type Family struct {
	// Title says what they have in common.
	Title  string
	Worlds []World
}

// Families returns all worlds.
func Families() []Family {
	return []Family{
		{"A share of the calls fails", partial()},
		{"Nothing is answered for a time", outages()},
		{"Answers come late", slowness()},
		{"How long is slow has to be learned", learning()},
		{"Nothing is wrong, but life goes on", ordinary()},
		{"Many clients of one service", fleets()},
	}
}

// Worlds returns the worlds of all families.
func Worlds() []World {
	var all []World
	for _, f := range Families() {
		all = append(all, f.Worlds...)
	}
	return all
}

// Find returns the world of that name, or an error that lists all names.
func Find(name string) (World, error) {
	all := Worlds()
	names := make([]string, len(all))
	for i, w := range all {
		if w.Name == name {
			return w, nil
		}
		names[i] = w.Name
	}
	return World{}, fmt.Errorf("world = %q; must be one of %s", name, strings.Join(names, ", "))
}
