package fallback

import (
	"fmt"
	"math"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"
	"k8s.io/utils/lru"

	"github.com/afloat-go/afloat/interceptors/internal/validate"
)

// StoreConfig bounds a [Store]. Zero fields have their defaults.
type StoreConfig struct {
	// MaxEntries is how many responses are kept. Range [1, 10000000]. Default 1000.
	MaxEntries int
	// MaxBytes is how many bytes the responses may take, with what identifies them:
	// target, method, key and request, or owner and key. Messages count in serialised form. Range [1024,
	// 2^36], or up to the largest int. Default 16 MiB.
	MaxBytes int
	// MaxAge is the greatest age at which a response is used. Range [1s, 720h].
	// Default 1h.
	MaxAge time.Duration
}

// withDefaults returns c with what is zero filled in.
func (c StoreConfig) withDefaults() StoreConfig {
	if c.MaxEntries == 0 {
		c.MaxEntries = 1000
	}
	if c.MaxBytes == 0 {
		c.MaxBytes = 16 << 20
	}
	if c.MaxAge == 0 {
		c.MaxAge = time.Hour
	}
	return c
}

// validate checks the bounds.
func (c StoreConfig) validate() error {
	f := validate.Of("fallback store")
	validate.Between(f, "max_entries", c.MaxEntries, 1, 10_000_000)
	validate.Between(f, "max_bytes", c.MaxBytes, 1024, min(1<<36, math.MaxInt))
	validate.Between(f, "max_age", c.MaxAge, time.Second, 30*24*time.Hour)
	return f.Err()
}

// Store keeps the last good response to each request; to whom it gives them, each
// method says with its [Audience]. When it is full, it drops the least recently used
// one. Several methods of several servers may share a store and its bounds: none is
// given a response of another. It is safe for concurrent use. Make one with [NewStore];
// the zero Store must not be used.
type Store struct {
	cfg StoreConfig

	mu    sync.Mutex
	lru   *lru.Cache // of kept, by string
	bytes int
}

// kept is a response and when it was received.
type kept struct {
	response []byte
	asOf     time.Time
}

// NewStore returns an empty store, or all faults of cfg, joined.
func NewStore(cfg StoreConfig) (*Store, error) {
	s := &Store{cfg: cfg.withDefaults()}
	if err := s.cfg.validate(); err != nil {
		return nil, err
	}
	s.lru = lru.NewWithEvictionFunc(s.cfg.MaxEntries, s.evicted)
	return s, nil
}

// evicted counts out what the LRU has dropped. It is called under the lock.
func (s *Store) evicted(key lru.Key, value any) {
	s.bytes -= len(key.(string)) + len(value.(kept).response) //nolint:errcheck // put adds no others
}

// Clear forgets all responses.
func (s *Store) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lru.Clear()
}

// Len returns how many responses are kept.
func (s *Store) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lru.Len()
}

// Bytes returns how many bytes the kept responses take, counted as in
// [StoreConfig].MaxBytes.
func (s *Store) Bytes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bytes
}

// Put keeps a message under a key of the program's own, for [Store.Get]. It replaces an
// earlier one. What cannot be serialised or is larger than the whole store is not kept, and
// Put returns an error that says so. The keys are apart from those by which methods, chains
// and plans keep theirs. A key must have all on which the message depends, the caller
// included, unless it is the same for everybody.
func (s *Store) Put(key string, m proto.Message) error {
	return s.put(string(parts(ownKey, key)), m)
}

// Get fills m with the message that was put under the key, and returns when that was. It
// returns [ErrNotKept] if there is none, or none that is young enough. It and [Store.Put]
// are what a cache of one's own needs for a [Stale] step.
func (s *Store) Get(key string, m proto.Message) (asOf time.Time, err error) {
	return s.get(string(parts(ownKey, key)), m)
}

// put keeps a response, unless it cannot be serialised or is larger than the
// whole store, which is an error.
func (s *Store) put(key string, reply proto.Message) error {
	encoded, err := proto.Marshal(reply)
	if err != nil {
		return fmt.Errorf("fallback store: %w", err)
	}
	if n := len(key) + len(encoded); n > s.cfg.MaxBytes {
		return fmt.Errorf("fallback store: message with its key = %d bytes; must be at most max_bytes = %d", n, s.cfg.MaxBytes)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lru.Remove(key)
	s.lru.Add(key, kept{response: encoded, asOf: time.Now()})
	for s.bytes += len(key) + len(encoded); s.bytes > s.cfg.MaxBytes; {
		s.lru.RemoveOldest()
	}
	return nil
}

// get fills resp with the last good response and returns when it was received.
func (s *Store) get(key string, resp proto.Message) (time.Time, error) {
	s.mu.Lock()
	found, ok := s.lru.Get(key)
	k, _ := found.(kept)
	if ok && time.Since(k.asOf) > s.cfg.MaxAge {
		s.lru.Remove(key)
		ok = false
	}
	s.mu.Unlock()
	if !ok {
		return time.Time{}, ErrNotKept
	}
	return k.asOf, proto.Unmarshal(k.response, resp)
}
