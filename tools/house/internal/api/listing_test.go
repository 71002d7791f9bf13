package api_test

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"testing"

	"github.com/afloat-go/afloat/tools/house/internal/api"
)

const source = `package shop

import (
	"context"
	"time"
)

const (
	Wait = 1500 * time.Millisecond
	Name = "shop"
	Max  = 10
)

type Kind uint8

const (
	Small Kind = iota
	Large
	tiny
)

func (k Kind) String() string { return "" }

var Default, hidden = Config{}, 1

type inner struct {
	Promoted int
	secret   int
}

func (*inner) Inherited() {}

// Config has fields in another order than that of the listing.
type Config struct {
	Zeal  float64
	After func(ctx context.Context, d time.Duration) error
}

type Shop struct {
	inner
	Config
	mu int
}

func (s *Shop) Open(ctx context.Context) (err error) { return nil }
func (s Shop) Close()                                {}
func (s *Shop) hide()                                {}

type Option interface{ apply(*Shop) }

type Store interface {
	Get(key string) ([]byte, bool)
	Closer
}

type Closer interface{ Close() error }

type Number interface{ ~int | ~float64 }

type Map[K comparable, V any] map[K]V

func (m Map[K, V]) Each(f func(K, V)) {}

type Same = Config

type Func func(n int) error

func New(opts ...Option) (*Shop, error) { return nil, nil }
func Sum[N Number](ns ...N) (n N)       { return n }
func unexported()                       {}
`

const want = `package shop // import "example.com/shop"

const Large Kind = 1
const Max = 10
const Name = "shop"
const Small Kind = 0
const Wait time.Duration = 1.5s

var Default Config

func New(opts ...Option) (*Shop, error)
func Sum[N Number](ns ...N) (n N)

type Closer interface
method Closer.Close() error

type Config struct
field Config.After func(ctx context.Context, d time.Duration) error
field Config.Zeal float64

type Func func(n int) error

type Kind uint8
func (Kind) String() string

type Map[K comparable, V any] map[K]V
func (Map) Each(f func(K, V))

type Number interface
types Number ~int | ~float64

type Option interface, with unexported methods

type Same = Config

type Shop struct, with unexported fields
embedded Shop.Config Config
field Shop.Promoted int
func (Shop) Close()
func (*Shop) Inherited()
func (*Shop) Open(ctx context.Context) (err error)

type Store interface
method Store.Close() error
method Store.Get(key string) ([]byte, bool)
`

func TestListing(t *testing.T) {
	t.Parallel()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "shop.go", source, 0)
	if err != nil {
		t.Fatal(err)
	}
	config := types.Config{Importer: importer.Default()}
	p, err := config.Check("example.com/shop", fset, []*ast.File{file}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := api.Listing(p); got != want {
		t.Errorf("listing\n%s\nwant\n%s", got, want)
	}
}
