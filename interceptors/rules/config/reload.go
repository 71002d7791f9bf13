package config

import "bytes"

// Reload reads the file again and applies its rules, as [Set.Apply] does. It is for
// programs that do not call [Set.Watch]. Without a file it does nothing.
func (s *Set) Reload() error {
	if s.options.path == "" {
		return nil
	}
	return s.applyFile(true)
}

// applyFile applies the contents of the file, with evenIfSame also if they have not
// changed since the last look.
func (s *Set) applyFile(evenIfSame bool) error {
	n, same, err := s.readFile(evenIfSame)
	if same && !evenIfSame {
		return nil
	}
	return s.tell(File, n, err)
}

// readFile is applyFile without telling.
func (s *Set) readFile(evenIfSame bool) (n int, same bool, err error) {
	s.reading.Lock()
	defer s.reading.Unlock()
	data, readErr := read(s.options.path)
	if same = s.seen.sees(data, readErr); same && !evenIfSame {
		return 0, same, nil
	}
	n, err = s.edit(File, func(l *layers) error {
		if readErr != nil {
			return errRead(s.options.path, readErr)
		}
		l.file = Parse(s.options.path, data)
		return nil
	})
	return n, same, err
}

// seen is the state of the file at the last look.
type seen struct {
	data []byte
	err  string
}

// sees notes the present state of the file, and reports whether it is
// unchanged.
func (s *seen) sees(data []byte, err error) (same bool) {
	now := seen{data: data}
	if err != nil {
		now = seen{err: err.Error()}
	}
	same = bytes.Equal(now.data, s.data) && now.err == s.err
	*s = now
	return same
}
