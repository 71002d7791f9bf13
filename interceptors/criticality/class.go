package criticality

// Class is how much it matters that a call is answered. Classes are ordered: a greater
// one matters more. The zero Class is Unset.
type Class uint8

// The classes.
const (
	// Unset: nobody has said anything. Such a call is treated as one of [Default].
	Unset Class = iota
	// Low: nobody waits for the answer.
	Low
	// Medium: somebody would miss the answer, and can do without it.
	Medium
	// High: somebody waits for the answer.
	High
	// Critical: without the answer the business stands still.
	Critical
)

// Default is the class of calls of which nobody has said anything.
const Default = High

// classNames are the names of the classes, as they are in metadata.
var classNames = [...]string{Unset: "", Low: "low", Medium: "medium", High: "high", Critical: "critical"} //nolint:gochecknoglobals // a constant

// ParseClass returns the class of that name, and whether there is one.
func ParseClass(name string) (Class, bool) {
	for c := Low; c <= Critical; c++ {
		if classNames[c] == name {
			return c, true
		}
	}
	return Unset, false
}

// String returns the name of the class, such as "critical". That of Unset is empty.
func (c Class) String() string {
	if int(c) >= len(classNames) {
		return "unknown"
	}
	return classNames[c]
}

// OrDefault returns c, or [Default] if it is Unset or no class.
func (c Class) OrDefault() Class {
	if c == Unset || c > Critical {
		return Default
	}
	return c
}

// Below returns the next lower class: that of something of which calls of class c can do
// without. There is none below Low.
func (c Class) Below() Class { return max(Low, c.OrDefault()-1) }
