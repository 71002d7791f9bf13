package store

import (
	"bytes"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"
	"google.golang.org/protobuf/proto"
)

// table is a bucket whose values are messages of one kind.
type table string

// The tables. Keys of what belongs to a user begin with the user's id and a
// slash, so that one scan finds it all.
const (
	users    table = "users"
	series   table = "series"
	alerts   table = "alerts"
	activity table = "activity"
	products table = "products"
	rankings table = "rankings"
	meta     table = "meta"
)

// versionKey holds which sample data a file was filled with, in the table meta.
const versionKey = "version"

// allTables are made when a file is new.
func allTables() []table {
	return []table{users, series, alerts, activity, products, rankings, meta}
}

// errNoTable is what a file without one of its tables is.
var errNoTable = errors.New("a table is missing")

// in returns the bucket of t.
func (t table) in(tx *bbolt.Tx) (*bbolt.Bucket, error) {
	if b := tx.Bucket([]byte(t)); b != nil {
		return b, nil
	}
	return nil, fmt.Errorf("%w: %w: %s", ErrCorrupt, errNoTable, t)
}

// version is which sample data the file holds, empty if it holds none.
func version(tx *bbolt.Tx) (string, error) {
	b := tx.Bucket([]byte(meta))
	if b != nil {
		return string(b.Get([]byte(versionKey))), nil
	}
	if name, _ := tx.Cursor().First(); name != nil {
		return "", fmt.Errorf("%w: %w: %s", ErrCorrupt, errNoTable, meta)
	}
	return "", nil
}

// put stores m under key.
func (t table) put(tx *bbolt.Tx, key string, m proto.Message) error {
	b, err := t.in(tx)
	if err != nil {
		return err
	}
	value, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		return fmt.Errorf("store: encode %s %s: %w", t, key, err)
	}
	if err := b.Put([]byte(key), value); err != nil {
		return fmt.Errorf("store: write %s %s: %w", t, key, err)
	}
	return nil
}

// get reads what stands under key into m, and fails with ErrNotFound where
// nothing does.
func (t table) get(tx *bbolt.Tx, key string, m proto.Message) error {
	b, err := t.in(tx)
	if err != nil {
		return err
	}
	value := b.Get([]byte(key))
	if value == nil {
		return fmt.Errorf("%w: %s %s", ErrNotFound, t, key)
	}
	return t.decode(key, value, m)
}

// scan calls yield for every value whose key begins with prefix, in the order
// of the keys.
func (t table) scan(tx *bbolt.Tx, prefix string, yield func(key string, value []byte) error) error {
	b, err := t.in(tx)
	if err != nil {
		return err
	}
	c := b.Cursor()
	for k, v := c.Seek([]byte(prefix)); k != nil && bytes.HasPrefix(k, []byte(prefix)); k, v = c.Next() {
		if err := yield(string(k), v); err != nil {
			return err
		}
	}
	return nil
}

// decode reads a stored value into m.
func (t table) decode(key string, value []byte, m proto.Message) error {
	if err := proto.Unmarshal(value, m); err != nil {
		return fmt.Errorf("%w: decode %s %s: %w", ErrCorrupt, t, key, err)
	}
	return nil
}
