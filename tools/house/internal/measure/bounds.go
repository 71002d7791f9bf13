package measure

import (
	"fmt"
	"go/token"
	"slices"
	"strings"
)

// Bounds are what packages may not pass. A bound that is zero does not hold.
type Bounds struct {
	// FileLines is the most lines that a file may have.
	FileLines int
	// Scattered is the most types, in percent of those that have methods, that may
	// have them in several files.
	Scattered float64
	// States is the most functions, in percent of those that have a doc comment,
	// whose comment may say what they are in place of what they do. None may use
	// one of the words is, are, was, were, has and have for that.
	States float64
}

// Library returns the bounds of what programs import, and of its command.
func Library() Bounds { return Bounds{FileLines: 300, Scattered: 5, States: 3} }

// Programs returns the bounds of examples, benchmarks, proof and tools.
func Programs() Bounds { return Bounds{FileLines: 300} }

// Check returns where the packages pass a bound, or export a name that has no
// doc comment, each as "file:line: what".
func (b Bounds) Check(packages []*Package) []string {
	all := Total("", packages)
	findings := slices.Concat(b.long(all), undocumented(all), b.scattered(all), b.states(all))
	slices.Sort(findings)
	return findings
}

// long returns the files that are too long.
func (b Bounds) long(p *Package) (findings []string) {
	if b.FileLines == 0 {
		return nil
	}
	for _, f := range p.Files {
		if f.Lines > b.FileLines {
			findings = append(findings, fmt.Sprintf("%s:%d: %d lines; must be at most %d", f.Path, b.FileLines+1, f.Lines, b.FileLines))
		}
	}
	return findings
}

// undocumented returns the exported names that have no doc comment.
func undocumented(p *Package) (findings []string) {
	for _, n := range p.Names {
		if !n.Documented {
			findings = append(findings, fmt.Sprintf("%s: %s has no doc comment", place(n.At), n.Name))
		}
	}
	return findings
}

// scattered returns the types whose methods are in several files, if they are
// too many.
func (b Bounds) scattered(p *Package) (findings []string) {
	scattered := p.Scattered()
	if b.Scattered == 0 || share(len(scattered), len(p.Types)) <= b.Scattered {
		return nil
	}
	for _, t := range scattered {
		findings = append(findings, fmt.Sprintf("%s: methods of %s are in %d files; at most %v %% of types may have that, %.1f %% do",
			place(t.At), t.Name, len(t.Files), b.Scattered, share(len(scattered), len(p.Types))))
	}
	return findings
}

// forbidden are the words that must not follow the function's name, however few
// comments begin so.
const forbidden = " is are was were has have "

// states returns the doc comments that say what a function is: those with a
// forbidden word, and all others too if they are too many.
func (b Bounds) states(p *Package) (findings []string) {
	if b.States == 0 {
		return nil
	}
	states := p.Opened(State)
	many := share(len(states), p.DocumentedFuncs()) > b.States
	for _, f := range states {
		if many || strings.Contains(forbidden, " "+f.Word+" ") {
			findings = append(findings, fmt.Sprintf("%s: %q begins a doc comment; must be a verb for what the function does, as in %q",
				place(f.At), f.Name+" "+f.Word, f.Name+" returns"))
		}
	}
	return findings
}

// place returns a position as "file:line".
func place(at token.Position) string { return fmt.Sprintf("%s:%d", at.Filename, at.Line) }
