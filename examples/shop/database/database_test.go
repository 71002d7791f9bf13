package database_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/afloat-go/afloat/examples/shop/database"
)

const words database.Table = "words"

// schema returns a schema with a table of words, so many that they fill some pages.
func schema() database.Schema {
	return database.Schema{Version: "1", Tables: []database.Table{words}, Fill: func(tx *bbolt.Tx) error {
		for _, key := range []string{"a/1", "a/2", "b/1"} {
			if err := words.Put(tx, key, wrapperspb.String(strings.Repeat(key, 2000))); err != nil {
				return err
			}
		}
		return nil
	}}
}

// open opens a file that is closed when the test ends.
func open(t *testing.T, path string) *bbolt.DB {
	t.Helper()
	db, err := database.Open(path, schema())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// What changes nothing writes nothing, and what fails changes nothing.
func TestUpdate(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "words.db")
	db := open(t, path)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	errBroken := errors.New("broken")
	for said, want := range map[error]error{database.ErrUnchanged: nil, errBroken: errBroken} {
		err := database.Update(db, func(tx *bbolt.Tx) error {
			return errors.Join(words.Put(tx, "a/1", wrapperspb.String("changed")), said)
		})
		if !errors.Is(err, want) || want == nil && err != nil {
			t.Errorf("%v: error = %v; want %v", said, err, want)
		}
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file was changed, %v", err)
	}
	if err := database.Update(db, func(tx *bbolt.Tx) error { return words.Delete(tx, "a/1") }); err != nil {
		t.Error(err)
	}
	if after, err := os.ReadFile(path); err != nil || bytes.Equal(before, after) {
		t.Errorf("the file was not changed, %v", err)
	}
}

// update runs f in a transaction of a new file.
func update(t *testing.T, f func(tx *bbolt.Tx) error) {
	t.Helper()
	if err := open(t, filepath.Join(t.TempDir(), "made", "words.db")).Update(f); err != nil {
		t.Error(err)
	}
}

func TestReadTables(t *testing.T) {
	t.Parallel()
	update(t, func(tx *bbolt.Tx) error {
		got := &wrapperspb.StringValue{}
		if err := words.Get(tx, "b/1", got); err != nil || !strings.HasPrefix(got.GetValue(), "b/1b/1") {
			t.Errorf("b/1 = %.6q, %v", got.GetValue(), err)
		}
		if err := words.Get(tx, "b", got); !errors.Is(err, database.ErrNotFound) {
			t.Errorf("b: %v; want ErrNotFound", err)
		}
		for key, want := range map[string]bool{"b/1": true, "b": false} {
			if found, err := words.Find(tx, key, got); found != want || err != nil {
				t.Errorf("%s: found %v, %v; want %v", key, found, err, want)
			}
		}
		for prefix, want := range map[string]int{"": 3, "a/": 2, "b/1": 1, "c": 0} {
			all, err := database.List[*wrapperspb.StringValue](tx, words, prefix)
			if len(all) != want || err != nil {
				t.Errorf("%d words that begin with %q, %v; want %d", len(all), prefix, err, want)
			}
		}
		return nil
	})
}

func TestWriteTables(t *testing.T) {
	t.Parallel()
	update(t, func(tx *bbolt.Tx) error {
		for want := range uint64(3) {
			if n, err := words.Next(tx); n != want+1 || err != nil {
				t.Errorf("next number = %d, %v; want %d", n, err, want+1)
			}
		}
		for range 2 { // what is not there is deleted already
			if err := words.Delete(tx, "a/1"); err != nil {
				t.Error(err)
			}
		}
		if found, err := words.Find(tx, "a/1", &wrapperspb.StringValue{}); found || err != nil {
			t.Errorf("a/1 was deleted: found %v, %v", found, err)
		}
		// What is empty is not nothing.
		if err := words.Put(tx, "a/1", &wrapperspb.StringValue{}); err != nil {
			t.Error(err)
		}
		if found, err := words.Find(tx, "a/1", &wrapperspb.StringValue{}); !found || err != nil {
			t.Errorf("a/1 is empty: found %v, %v", found, err)
		}
		return nil
	})
}

// A table that the file does not have, and a value that is no message, are damage.
func TestDamagedTables(t *testing.T) {
	t.Parallel()
	update(t, func(tx *bbolt.Tx) error {
		const numbers database.Table = "numbers"
		got := &wrapperspb.StringValue{}
		_, find := numbers.Find(tx, "1", got)
		_, next := numbers.Next(tx)
		_, list := database.List[*wrapperspb.StringValue](tx, numbers, "")
		for name, err := range map[string]error{
			"get": numbers.Get(tx, "1", got), "put": numbers.Put(tx, "1", got), "delete": numbers.Delete(tx, "1"), "find": find, "next": next, "list": list,
		} {
			if !errors.Is(err, database.ErrCorrupt) {
				t.Errorf("%s: %v; want ErrCorrupt", name, err)
			}
		}
		if err := tx.Bucket([]byte(words)).Put([]byte("x"), []byte{0xff}); err != nil {
			return err
		}
		if err := words.Get(tx, "x", got); !errors.Is(err, database.ErrCorrupt) {
			t.Errorf("get: %v; want ErrCorrupt", err)
		}
		if all, err := database.List[*wrapperspb.StringValue](tx, words, ""); !errors.Is(err, database.ErrCorrupt) {
			t.Errorf("list: %d words, %v; want ErrCorrupt", len(all), err)
		}
		return nil
	})
}

func TestFileInUse(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "words.db")
	open(t, path)
	if _, err := database.Open(path, schema()); !errors.Is(err, database.ErrLocked) || !strings.Contains(err.Error(), path) {
		t.Errorf("error = %v; want ErrLocked, and the file", err)
	}
}

// A file of another version is left as it is.
func TestOtherVersion(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "words.db")
	if err := open(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	next := schema()
	next.Version = "2"
	_, err := database.Open(path, next)
	if !errors.Is(err, database.ErrVersion) || !strings.Contains(err.Error(), `"1", this program needs "2"`) {
		t.Errorf("error = %v; want ErrVersion, and both versions", err)
	}
	open(t, path)
}

// A file is filled as a whole or not at all.
func TestFillThatFails(t *testing.T) {
	t.Parallel()
	errFull := errors.New("the disk is full")
	path := filepath.Join(t.TempDir(), "words.db")
	failing := schema()
	failing.Fill = func(tx *bbolt.Tx) error { return errors.Join(schema().Fill(tx), errFull) }
	if _, err := database.Open(path, failing); !errors.Is(err, errFull) {
		t.Errorf("error = %v; want that of Fill", err)
	}
	err := open(t, path).View(func(tx *bbolt.Tx) error {
		return words.Get(tx, "a/1", &wrapperspb.StringValue{})
	})
	if err != nil {
		t.Errorf("the next one did not fill it: %v", err)
	}
}

func TestFolderThatCannotBeMade(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var refused *fs.PathError
	if _, err := database.Open(filepath.Join(file, "words.db"), schema()); !errors.As(err, &refused) {
		t.Errorf("error = %v; want that of the file system", err)
	}
}

func TestDamagedFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "words.db")
	if err := open(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	zeroed := bytes.Clone(good)
	clear(zeroed[4*4096:])
	for _, c := range []struct {
		name string
		file []byte
	}{
		{"text", []byte("this is not a database\n")},
		{"garbage", bytes.Repeat([]byte{0xa5}, 64<<10)},
		{"truncated", good[:len(good)/2]},
		{"truncated in the meta pages", good[:5000]},
		{"zeroed pages", zeroed},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "words.db")
			if err := os.WriteFile(path, c.file, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := database.Open(path, schema()); !errors.Is(err, database.ErrCorrupt) {
				t.Errorf("error = %v; want ErrCorrupt", err)
			}
			if left, err := os.ReadFile(path); err != nil || !bytes.Equal(left, c.file) {
				t.Errorf("the file was changed, %v", err)
			}
		})
	}
}

// Another program's database has tables, and none of them says its version.
func TestDatabaseOfAnotherProgram(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "words.db")
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucket([]byte("theirs"))
		return err
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := database.Open(path, schema()); !errors.Is(err, database.ErrCorrupt) {
		t.Errorf("error = %v; want ErrCorrupt", err)
	}
}
