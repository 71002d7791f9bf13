package database

import (
	"bytes"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"
	"google.golang.org/protobuf/proto"
)

// Table is a part of a file whose values are messages of one kind. Keys that belong
// together have a common beginning, so that one scan finds them all.
type Table string

// meta holds, under versionKey, which version a file is of.
const meta Table = "meta"

const versionKey = "version"

// errNoTable is what a file without one of its tables is.
var errNoTable = errors.New("a table is missing")

// in returns the bucket of t.
func (t Table) in(tx *bbolt.Tx) (*bbolt.Bucket, error) {
	if b := tx.Bucket([]byte(t)); b != nil {
		return b, nil
	}
	return nil, fmt.Errorf("%w: %w: %s", ErrCorrupt, errNoTable, t)
}

// version returns which version the file is of, empty if it is new.
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

// Put stores m under key.
func (t Table) Put(tx *bbolt.Tx, key string, m proto.Message) error {
	b, err := t.in(tx)
	if err != nil {
		return err
	}
	value, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		return fmt.Errorf("database: encode %s %s: %w", t, key, err)
	}
	if err := b.Put([]byte(key), value); err != nil {
		return fmt.Errorf("database: write %s %s: %w", t, key, err)
	}
	return nil
}

// Get reads what stands under key into m, and fails with [ErrNotFound] where
// nothing does.
func (t Table) Get(tx *bbolt.Tx, key string, m proto.Message) error {
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

// Find reads what stands under key into m and reports whether anything does.
func (t Table) Find(tx *bbolt.Tx, key string, m proto.Message) (found bool, err error) {
	err = t.Get(tx, key, m)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// Next returns a number that it has not returned before for this table, each greater
// than the last.
func (t Table) Next(tx *bbolt.Tx) (uint64, error) {
	b, err := t.in(tx)
	if err != nil {
		return 0, err
	}
	n, err := b.NextSequence()
	if err != nil {
		return 0, fmt.Errorf("database: number %s: %w", t, err)
	}
	return n, nil
}

// Delete removes what stands under key, if anything does.
func (t Table) Delete(tx *bbolt.Tx, key string) error {
	b, err := t.in(tx)
	if err != nil {
		return err
	}
	if err := b.Delete([]byte(key)); err != nil {
		return fmt.Errorf("database: delete %s %s: %w", t, key, err)
	}
	return nil
}

// List reads all messages of t whose key begins with prefix, in the order of their
// keys.
func List[M proto.Message](tx *bbolt.Tx, t Table, prefix string) ([]M, error) {
	b, err := t.in(tx)
	if err != nil {
		return nil, err
	}
	var none M
	var found []M
	c := b.Cursor()
	for k, v := c.Seek([]byte(prefix)); k != nil && bytes.HasPrefix(k, []byte(prefix)); k, v = c.Next() {
		m := none.ProtoReflect().New().Interface().(M) //nolint:errcheck,forcetypeassert // a message makes its own type
		if err := t.decode(string(k), v, m); err != nil {
			return nil, err
		}
		found = append(found, m)
	}
	return found, nil
}

// decode reads a stored value into m.
func (t Table) decode(key string, value []byte, m proto.Message) error {
	if err := proto.Unmarshal(value, m); err != nil {
		return fmt.Errorf("%w: decode %s %s: %w", ErrCorrupt, t, key, err)
	}
	return nil
}
