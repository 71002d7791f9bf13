package share

import (
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/rules/config"
)

// Kind returns the row of shares, which a program registers with its rules, so that a
// file can have them.
func Kind() config.Kind[Config, *Share] {
	return config.Kind[Config, *Share]{
		Name:    kind,
		New:     func(key rules.Key, cfg Config) (*Share, error) { return New(key.Name, cfg.under(key)) },
		Update:  func(key rules.Key, s *Share, cfg Config) error { return s.Update(cfg.under(key)) },
		Config:  (*Share).Config,
		Status:  func(s *Share) any { return s.Snapshot() },
		Watches: true,
	}
}
