package guards

import (
	"github.com/afloat-go/afloat/interceptors/ruleset"
	"github.com/afloat-go/afloat/interceptors/ruleset/protooptions"
)

// Rules returns what a rules file and the options of the .proto files say. The file
// has precedence.
func Rules(file string, opts ...ruleset.Option) (*ruleset.Set, error) {
	return ruleset.New(append([]ruleset.Option{ruleset.WithFile(file), protooptions.Rules()}, opts...)...)
}
