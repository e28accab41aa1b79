package state

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// Store guards the world, saves it after each change, and wakes who waits for one.
type Store struct {
	// Dir is the state folder.
	Dir string

	mu      sync.Mutex
	world   *World
	saved   []byte
	changed chan struct{}
}

// Load reads the world of the folder, or starts an empty one.
func Load(dir string) (*Store, error) {
	s := &Store{Dir: dir, world: &World{Models: map[string]*Model{}}, changed: make(chan struct{})}
	data, err := os.ReadFile(s.file())
	if os.IsNotExist(err) {
		return s, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read state: %v", err)
	}
	if err := json.Unmarshal(data, s.world); err != nil {
		return nil, fmt.Errorf("cannot read state %s: %v", s.file(), err)
	}
	s.saved = data
	return s, nil
}

func (s *Store) file() string { return filepath.Join(s.Dir, "state.json") }

// Read shows the world to f, which must not change it.
func (s *Store) Read(f func(w *World)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s.world)
}

// Change lets f change the world, saves it and wakes the waiting. An error of f
// takes back what it did, and so does one of saving it.
func (s *Store) Change(f func(w *World) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := f(s.world)
	if err == nil {
		err = s.save()
	}
	if err != nil {
		s.restore()
		return err
	}
	close(s.changed)
	s.changed = make(chan struct{})
	return nil
}

// Changed gives a channel that is closed at the next change. Take it before
// looking at the world.
func (s *Store) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

func (s *Store) save() error {
	data, err := json.Marshal(s.world)
	if err != nil {
		return fmt.Errorf("cannot save state: %v", err)
	}
	tmp := s.file() + ".new"
	err = writeSynced(tmp, data)
	if err == nil {
		err = os.Rename(tmp, s.file())
	}
	if err != nil {
		return fmt.Errorf("cannot save state: %v", err)
	}
	s.saved = data
	return nil
}

// writeSynced writes a file that only its owner reads, down to the disk: a rename
// may get there before what was written, and a machine that then stops would find
// an empty file in the place of the whole.
func writeSynced(name string, data []byte) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}

// restore goes back to what was saved last.
func (s *Store) restore() {
	world := &World{Models: map[string]*Model{}}
	if s.saved != nil {
		if err := json.Unmarshal(s.saved, world); err != nil {
			panic(err) // save wrote it
		}
	}
	s.world = world
}
