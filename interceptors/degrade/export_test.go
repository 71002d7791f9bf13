package degrade

// Respell parses a path and spells it anew.
func Respell(path string) (string, error) {
	steps, err := parse(path)
	return format(steps), err
}

// KnownPart is what is left of a path of a peer with newer messages.
var KnownPart = knownPart
