package lab

import (
	"fmt"
	"slices"
	"strings"
)

// Worlds returns all worlds, those that belong together side by side.
func Worlds() []World {
	return slices.Concat(partial(), outages(), slowness(), learning(), ordinary(), fleets())
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

// MustFind returns the world of that name, which must be one.
func MustFind(name string) World {
	w, err := Find(name)
	if err != nil {
		panic(err)
	}
	return w
}
