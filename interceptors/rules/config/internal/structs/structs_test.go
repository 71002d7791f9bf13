package structs_test

import (
	"net/netip"
	"reflect"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/afloat-go/afloat/interceptors/rules/config/internal/structs"
)

type all struct {
	Truth    bool
	Text     string  `json:"text"`
	Number   float64 `json:"number"`
	Small    int8    `json:"small"`
	Unsigned uint16  `json:"unsigned"`
	Time     time.Duration
	Address  netip.Addr
	Pointer  *inner
	List     []inner
	Map      map[string]inner
	Any      any
	Hidden   func() `json:"-"`
	own      int
	Omitted  string `json:"omitted,omitempty"`
}

type inner struct {
	X int `json:"x"`
}

func structOf(tb testing.TB, m map[string]any) *structpb.Struct {
	tb.Helper()
	s, err := structpb.NewStruct(m)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// What was read is written as it was.
func TestThereAndBack(t *testing.T) {
	t.Parallel()
	m := map[string]any{
		"Truth": true, "text": "a", "number": 1.5, "small": -128.0, "unsigned": 65535.0, "Time": "1m30s", "Address": "10.0.0.1",
		"Pointer": map[string]any{"x": 1.0}, "List": []any{map[string]any{"x": 2.0}, map[string]any{"x": 3.0}},
		"Map": map[string]any{"a b": map[string]any{"x": 4.0}}, "Any": []any{"a", 1.0},
	}
	var got all
	if faults := structs.Decode(structOf(t, m), "config", &got); len(faults) > 0 {
		t.Fatalf("faults %v", faults)
	}
	want := all{
		Truth: true, Text: "a", Number: 1.5, Small: -128, Unsigned: 65535, Time: 90 * time.Second, Address: netip.MustParseAddr("10.0.0.1"),
		Pointer: &inner{1}, List: []inner{{2}, {3}}, Map: map[string]inner{"a b": {4}}, Any: []any{"a", 1.0},
	}
	if !reflect.DeepEqual(got, want) || got.own != 0 {
		t.Errorf("decoded to %+v; want %+v", got, want)
	}
	if back := structs.Encode(got).AsMap(); !reflect.DeepEqual(back, m) {
		t.Errorf("encoded to %v; want %v", back, m)
	}
	if got := structs.Encode(&inner{1}).AsMap(); !reflect.DeepEqual(got, map[string]any{"x": 1.0}) {
		t.Errorf("a pointer is encoded to %v", got)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	var got all
	faults := structs.Decode(structOf(t, map[string]any{
		"Truth": "true", "text": 1, "number": "1", "small": 128, "unsigned": -1, "Time": 5, "Address": "x", "Pointer": []any{},
		"List": []any{map[string]any{"x": 1.5}, "a"}, "Map": map[string]any{"a b": map[string]any{"y": 1}}, "Hidden": 1, "own": 1, "txt": 1,
	}), "config", &got)
	var told []string
	for _, f := range faults {
		told = append(told, f.Path+" = "+f.Value+"; "+f.Problem)
	}
	want := []string{
		`config.Address = "x"; ParseAddr("x"): unable to parse IP`,
		`config.Hidden = ; is no field here; there are: Address, Any, List, Map, Pointer, Time, Truth, number, omitted, small, text, unsigned`,
		`config.List[0].x = 1.5; must be a whole number that fits int`,
		`config.List[1] = "a"; must be a group of fields; {} is one without any`,
		`config.Map["a b"].y = ; is no field here; there are: x`,
		`config.Pointer = […]; must be a group of fields; {} is one without any`,
		`config.Time = 5; must be a duration with its unit, as in 250ms, 5s or 1m30s`,
		`config.Truth = "true"; must be true or false`,
		`config.number = "1"; must be a number`,
		`config.own = ; is no field here; there are: Address, Any, List, Map, Pointer, Time, Truth, number, omitted, small, text, unsigned`,
		`config.small = 128; must be a whole number that fits int8`,
		`config.text = 1; must be text`,
		`config.txt = ; is no field here; did you mean text?`,
		`config.unsigned = -1; must be a whole number that fits uint16`,
	}
	slices.Sort(told)
	slices.Sort(want)
	if !slices.Equal(told, want) {
		t.Errorf("faults:\n%q\nwant:\n%q", told, want)
	}
}

// What a policy shows of itself need not be readable.
func TestEncodeTakesAnything(t *testing.T) {
	t.Parallel()
	at := time.Unix(0, 0).UTC()
	got := structs.Encode(map[string]any{"at": at, "odd": complex(1, 2), "none": nil, "list": []any{nil}, "array": [1]uint{7}}).AsMap()
	want := map[string]any{"at": "1970-01-01T00:00:00Z", "odd": "(1+2i)", "list": []any{nil}, "array": []any{7.0}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("encoded to %v; want %v", got, want)
	}
	if got := structs.Encode(5); got != nil {
		t.Errorf("a number is encoded to %v; want nothing", got)
	}
	if got := structs.Encode(nil); got != nil {
		t.Errorf("nothing is encoded to %v; want nothing", got)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	type recursive struct {
		Next *recursive
	}
	for _, tt := range []struct {
		of   any
		want string
	}{
		{all{}, ""},
		{recursive{}, ""},
		{map[string]any{}, ""},
		{5, "int is no struct and no map from names"},
		{netip.Addr{}, "netip.Addr is no struct and no map from names"},
		{struct{ inner }{}, "struct { structs_test.inner } embeds structs_test.inner"},
		{struct{ C chan int }{}, "chan int cannot be written in a file"},
		{map[int]string{}, "map[int]string has keys that are no text"},
	} {
		err := structs.Check(reflect.TypeOf(tt.of))
		if got := ""; err != nil && err.Error() != tt.want || err == nil && got != tt.want {
			t.Errorf("%T: error = %v; want %s", tt.of, err, tt.want)
		}
	}
}
