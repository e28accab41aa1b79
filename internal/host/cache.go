package host

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// cacheLength is how many files a unit's cache keeps.
const cacheLength = 8

// cache is what can be found out again at any time.
func (u Unit) cache() string { return filepath.Join(u.Dir, "cache") }

// Cached is what was cached under a name, nil for nothing.
func (u Unit) Cached(name string) []byte {
	file := filepath.Join(u.cache(), name)
	content, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	now := time.Now()
	_ = os.Chtimes(file, now, now) // it is of use: the least used ones go first
	return content
}

// Cache keeps content under a name, and only the last few that were used.
func (u Unit) Cache(name string, content []byte) error {
	if err := u.Make(); err != nil {
		return err
	}
	if err := makeDir(u.cache(), 0, 0o700); err != nil {
		return err
	}
	if err := writeFile(filepath.Join(u.cache(), name), content, 0, 0o600); err != nil {
		return err
	}
	return u.tidyCache()
}

func (u Unit) tidyCache() error {
	entries, err := os.ReadDir(u.cache())
	if err != nil {
		return err
	}
	age := func(e os.DirEntry) int64 {
		info, err := e.Info()
		if err != nil {
			return 0
		}
		return -info.ModTime().UnixNano()
	}
	slices.SortFunc(entries, func(a, b os.DirEntry) int { return cmp.Compare(age(a), age(b)) })
	for _, old := range entries[min(cacheLength, len(entries)):] {
		if err := os.Remove(filepath.Join(u.cache(), old.Name())); err != nil {
			return err
		}
	}
	return nil
}
