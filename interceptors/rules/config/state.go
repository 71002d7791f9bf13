package config

import (
	"cmp"
	"time"

	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/afloat-go/afloat/interceptors/rules"
)

// state is what is in force.
type state struct {
	statements       []statement
	rules            []rules.InForce // of the statements
	unknown          []string        // what no .proto file has, of each statement
	since            time.Time
	applied, refused uint64
	lastRefused      *RefusedChange
	unwatched        error
}

// put notes the statements whose rules are in force now.
func (s *state) put(of *Set, statements []statement) {
	s.statements, s.rules, s.unknown = statements, of.rules.InForce(), make([]string, len(statements))
	linked := apiOf(cmp.Or(of.options.files, protoregistry.GlobalFiles))
	for i, st := range statements {
		s.unknown[i] = linked.lacks(st.Match)
	}
}
