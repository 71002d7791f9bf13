package guards

import (
	"github.com/afloat-go/afloat/interceptors/rules/config"
	"github.com/afloat-go/afloat/interceptors/rules/config/protooptions"
)

// Rules returns what a rules file and the options of the .proto files say. The file
// has precedence.
func Rules(file string, opts ...config.Option) (*config.Set, error) {
	return config.New(append([]config.Option{config.WithFile(file), protooptions.Rules()}, opts...)...)
}
