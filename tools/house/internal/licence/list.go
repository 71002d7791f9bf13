package licence

import (
	"fmt"
	"strings"
)

// List says which licences are allowed, for all modules or for one.
type List struct{ rows []row }

// row is one line of a list.
type row struct {
	licence string
	module  string // "*": every module
	line    int
}

// ParseList reads a list: one licence a line, as its SPDX identifier, the module
// it is allowed for or *, and the reason, which may not be empty. Empty lines and
// those that begin with # are passed over.
func ParseList(text string) (*List, error) {
	list := &List{}
	for i, line := range strings.Split(text, "\n") {
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		if len(fields) < 3 {
			return nil, fmt.Errorf("line %d = %q; must be a licence, a module or *, and a reason", i+1, line)
		}
		list.rows = append(list.rows, row{licence: fields[0], module: fields[1], line: i + 1})
	}
	return list, nil
}

// allows reports whether the module may have the licence, and marks in used the
// rows that say so.
func (l *List) allows(licence, module string, used map[row]bool) bool {
	allowed := false
	for _, r := range l.rows {
		if r.licence == licence && (r.module == "*" || r.module == module) {
			used[r], allowed = true, true
		}
	}
	return allowed
}

// unused returns a finding for each row that is not in used.
func (l *List) unused(used map[row]bool) []string {
	var findings []string
	for _, r := range l.rows {
		if !used[r] {
			findings = append(findings, fmt.Sprintf("list, line %d: no dependency has %s of %s", r.line, r.licence, r.module))
		}
	}
	return findings
}
