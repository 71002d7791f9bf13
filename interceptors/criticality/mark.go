package criticality

import (
	"strconv"
	"strings"
)

// Mark is what a call carries: its class and its cohort. The zero Mark says nothing.
type Mark struct {
	// Class is how much it matters that the call is answered.
	Class Class
	// Cohort is who it is answered for.
	Cohort Cohort
}

// Cohort is one of [Cohorts] into which the calls of a class are divided, from 1. Of one
// class, those with a lower Cohort are refused first. Zero: none.
type Cohort uint8

// Cohorts is how many cohorts there are.
const Cohorts = 128

// CohortOf returns the cohort of a key, such as a user's. It is the same in every
// process. That of an empty key is none.
func CohortOf(key string) Cohort {
	if key == "" {
		return 0
	}
	h := uint32(2166136261) // FNV-1a
	for i := range len(key) {
		h = (h ^ uint32(key[i])) * 16777619
	}
	h ^= h >> 15 // the low bits alone differ little between similar keys
	return Cohort(h%Cohorts) + 1
}

// infix stands between class and cohort.
const infix = ";cohort="

// String returns the mark as it is in metadata: "high", "high;cohort=57", or empty if it
// says nothing. It does not allocate.
func (m Mark) String() string { return texts[m.index()] }

// Parse reads what [Mark.String] returns, and reports whether it is that of a mark that
// says something. It takes no other spelling.
func Parse(text string) (Mark, bool) {
	name, number, divided := strings.Cut(text, infix)
	class, ok := ParseClass(name)
	if !ok && name != "" || text == "" {
		return Mark{}, false
	}
	if !divided {
		return Mark{Class: class}, ok
	}
	n, err := strconv.ParseUint(number, 10, 8)
	if err != nil || n < 1 || n > Cohorts || strconv.FormatUint(n, 10) != number {
		return Mark{}, false
	}
	return Mark{class, Cohort(n)}, true
}

// Says reports whether the mark says anything.
func (m Mark) Says() bool { return m != Mark{} }

// AtMost returns m with the class c where m has none or a higher one. With Unset it
// returns m.
func (m Mark) AtMost(c Class) Mark {
	if c != Unset && c <= Critical && (m.Class == Unset || c < m.Class) {
		m.Class = c
	}
	return m
}

// index returns the place of the mark in the tables, that of the zero Mark if it is none.
func (m Mark) index() int {
	if m.Class > Critical || m.Cohort > Cohorts {
		return 0
	}
	return int(m.Class)*(Cohorts+1) + int(m.Cohort)
}

// marks and texts have every mark and its text, so that none is made while calls go on.
var marks, texts = tables() //nolint:gochecknoglobals // constants

// count is how many marks there are.
const count = (int(Critical) + 1) * (Cohorts + 1)

// tables makes the tables.
func tables() (all [count]Mark, texts [count]string) {
	for c := Unset; c <= Critical; c++ {
		for cohort := range Cohort(Cohorts + 1) {
			m := Mark{c, cohort}
			all[m.index()] = m
			texts[m.index()] = c.String()
			if cohort > 0 {
				texts[m.index()] += infix + strconv.Itoa(int(cohort))
			}
		}
	}
	return all, texts
}
